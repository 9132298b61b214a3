//! Turns flags into a run that is ready to start.

use effnet_kernels::threads;

use super::args::TrainArgs;
use super::model::Model;
use crate::device;
use crate::train::config::Config;
use crate::train::{
    Error, Result, RunFolder, Trainer, build_network, check_batches, check_transforms, open_data, spec_of,
};

/// Prepares a new run, or one to resume.
pub(super) fn begin(args: &TrainArgs, model: &Model<'_>) -> Result<Trainer> {
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
    check_batches(&config, network.as_ref(), split.train.len())?;
    match old {
        Some(folder) => Trainer::resume(config, folder, split, network),
        None => {
            let folder = RunFolder::create(args.output.as_deref(), model.name)?;
            Trainer::begin(config, folder, split, network)
        }
    }
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
