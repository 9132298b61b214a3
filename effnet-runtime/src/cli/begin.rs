//! Turns flags into a run that is ready to start.

use std::sync::Arc;

use effnet_kernels::threads;

use super::args::TrainArgs;
use super::logging;
use super::model::Model;
use crate::collective::{Collective, Launch, together};
use crate::data::Split;
use crate::device;
use crate::network::Network;
use crate::train::config::Config;
use crate::train::{
    Error, Result, RunFolder, Trainer, build_network, check_batches, check_transforms, open_data, over_gpus, spec_of,
};

/// Joins the group of ranks that a launcher has started this process in, and takes its share of the host. Rank 0 sets up
/// logging, as verbose as that; the others stay silent.
///
/// # Errors
/// When the environment is contradictory, or a rank does not come.
pub fn join(verbosity: u8) -> Result<Arc<dyn Collective>> {
    let launch = Launch::from_environment()?;
    if launch.rank() == 0 {
        logging::init(verbosity);
    }
    let ranks = launch.join()?;
    if ranks.size() > 1 {
        let seat = launch.seat(ranks.as_ref())?;
        threads::share_cores(seat.threads);
        device::set_local_rank(seat.local_rank);
    }
    Ok(ranks)
}

/// Prepares a new run, or one to resume, with the other ranks of a group.
pub(super) fn begin(args: &TrainArgs, model: &Model<'_>, ranks: &Arc<dyn Collective>) -> Result<Trainer> {
    let Prepared { config, split, network, old } = together(ranks.as_ref(), prepare(args, model, ranks.size()))?;
    let ranks = over_gpus(Arc::clone(ranks), network.params().device())?;
    match old {
        Some(folder) => Trainer::resume_over(ranks, config, folder, split, network),
        None => {
            let create = || RunFolder::create(args.output.as_deref(), model.name).map(Some);
            let created = together(ranks.as_ref(), if ranks.rank() == 0 { create() } else { Ok(None) })?;
            let folder = match created {
                Some(folder) => folder,
                None => RunFolder::of_rank_0(args.output.as_deref()),
            };
            Trainer::begin_over(ranks, config, folder, split, network)
        }
    }
}

/// What a run is made of, and the folder of the run that it resumes.
struct Prepared {
    config: Config,
    split: Split,
    network: Box<dyn Network>,
    old: Option<RunFolder>,
}

fn prepare(args: &TrainArgs, model: &Model<'_>, ranks: usize) -> Result<Prepared> {
    let spec = spec_of(model.build)?;
    let (config, old) = if args.resume {
        let (folder, config) = resumed(args, model)?;
        (config, Some(folder))
    } else {
        args.output.as_deref().map_or(Ok(()), RunFolder::check_free)?;
        (args.new_run(&spec, model.name)?, None)
    };
    ready(&config)?;
    let split = open_data(&config)?;
    let network = build_network(&config, model.build, &spec, split.train.classes().len())?;
    check_transforms(&config, network.as_ref())?;
    check_batches(&config, network.as_ref(), split.train.len(), ranks)?;
    Ok(Prepared { config, split, network, old })
}

/// Readies the machine for a run: checks that its device can compute as the settings say, and sets the number of threads.
///
/// # Errors
/// When there is no such device, or it cannot.
pub fn ready(config: &Config) -> Result<()> {
    let chosen = device::open(&config.compute.device)?.device;
    if !device::supports(&chosen, config.precision) {
        return Err(Error::Setting("--precision bf16 needs a GPU: leave it out, or say --device cuda".into()));
    }
    threads::set_global(config.compute.threads);
    Ok(())
}

/// Folder and settings of the run to resume.
fn resumed(args: &TrainArgs, model: &Model<'_>) -> Result<(RunFolder, Config)> {
    let Some(output) = &args.output else {
        return Err(Error::Setting("--resume needs the run to continue: name its folder with --output DIR".to_owned()));
    };
    let folder = RunFolder::open(output)?;
    let config = folder.config()?;
    if config.model != model.name {
        return Err(Error::OtherModel {
            folder: folder.path().to_path_buf(),
            run: config.model,
            asked: model.name.to_owned(),
        });
    }
    let config = args.resumed_run(&config, folder.path())?;
    Ok((folder, config))
}
