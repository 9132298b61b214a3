//! `effnet eval`: how good are these weights on a data set?

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use effnet_runtime::candle::Tensor;
use effnet_runtime::collective::{Collective, together};
use effnet_runtime::data::{self, Loader, LoaderOptions, Share, Source, Validation};
use effnet_runtime::train::{self, Evaluation, agree_on, hash_of_images};

use super::device::Place;
use super::eval_report::Report;
use super::labels::imagenet;
use super::output;
use super::over_ranks;
use super::weights::{Model, Weights, not_finite};

/// Measures the weights of a file: top-1, top-5, accuracy by class and confusion matrix
#[derive(Args, Debug)]
pub(super) struct Eval {
    #[command(flatten)]
    weights: Weights,
    /// A data set, of any kind that `check` takes [default: the bundled digits]
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// The images of the data set to measure on
    #[arg(long, value_enum, default_value_t = Part::Val)]
    part: Part,
    /// The share of each class that training set aside for validation, where the data set has no validation part
    #[arg(long, value_name = "SHARE", requires = "data")]
    val_fraction: Option<f64>,
    /// The seed by which training chose that share [default: 0]
    #[arg(long, value_name = "N", requires = "data")]
    seed: Option<u64>,
    /// Images a batch
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65536))]
    batch: u32,
    /// Side of the images in pixels [default: the weights file's]
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    #[command(flatten)]
    place: Place,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The images that training measured itself on
    Val,
    /// The images that training fitted the weights to
    Train,
    /// All images
    All,
}

/// Measures, started as one of several ranks with the others.
pub(super) fn exit(command: Eval) -> ExitCode {
    over_ranks(|ranks| command.run(ranks))
}

impl Eval {
    fn run(self, ranks: &dyn Collective) -> Result<()> {
        let (model, source, classes) = together(ranks, self.open())?;
        let images = [("images", source.len().to_string()), ("images that hash to", hash_of_images(&*source))];
        let facts = [("weights of", model.name.clone()), ("batch =", self.batch.to_string())];
        agree_on(
            ranks,
            &facts.into_iter().chain(images).map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>(),
        )?;
        let evaluation = self.measure(ranks, &model, source, &classes)?;
        if ranks.rank() > 0 {
            return Ok(());
        }
        let report = Report::new(&model.name, |class| model.label(class), &evaluation);
        if self.json { output::print_json(&report) } else { output::print(&report.to_text()) }
    }

    /// The weights, the images, and the network's number for each of the images' classes.
    fn open(&self) -> Result<(Model, Arc<dyn Source>, Vec<u32>)> {
        let model = self.weights.load(&self.place)?;
        let source = self.source()?;
        let classes = class_numbers(&model, &*source)?;
        Ok((model, source, classes))
    }

    fn source(&self) -> Result<Arc<dyn Source>> {
        let validation = self.val_fraction.map_or(Validation::Auto, Validation::Fraction);
        let split = match (self.part, &self.data) {
            (Part::All, Some(_)) if self.val_fraction.is_some() || self.seed.is_some() => {
                bail!(
                    "--part all measures every image: leave out --val-fraction and --seed, or say --part val or train"
                )
            }
            (Part::All, Some(path)) => return Ok(data::open_whole(path)?),
            (Part::All, None) => {
                bail!("--part all needs --data: of the bundled digits, say --part val or --part train")
            }
            (_, Some(path)) => data::open_to_measure(path, validation, self.seed.unwrap_or(0))?,
            (_, None) => data::digits()?,
        };
        Ok(if self.part == Part::Train { split.train } else { split.val })
    }

    fn measure(
        &self,
        ranks: &dyn Collective,
        model: &Model,
        source: Arc<dyn Source>,
        classes: &[u32],
    ) -> Result<Evaluation> {
        let transform = Arc::new(model.transform(self.size)?);
        let order = (0..source.len()).collect();
        let share = Share::new(ranks.rank(), ranks.size());
        let options = LoaderOptions { share, ..LoaderOptions::new(self.batch as usize) };
        let loader = Loader::new(source.clone(), transform, order, &options)?;
        let batches = loader.map(|batch| {
            let mut batch = batch?;
            batch.labels.iter_mut().for_each(|label| *label = classes[*label as usize]);
            Ok(batch)
        });
        let logits = |images: &Tensor| model.runner.forward(images);
        match train::evaluate_logits_over(ranks, model.runner.num_classes(), logits, batches, |_| ()) {
            Err(train::Error::NotFiniteOutput { sample }) => Err(not_finite(&source.name(sample as usize))),
            evaluation => Ok(evaluation?),
        }
    }
}

/// The network's number for each class of the data set, by name where the weights file has names. The network may know
/// more classes.
fn class_numbers(model: &Model, source: &dyn Source) -> Result<Vec<u32>> {
    let (classes, labels) = (source.classes(), &model.labels);
    if labels.is_empty() {
        let outputs = model.runner.num_classes();
        if classes.len() != outputs {
            bail!(
                "the data set has {} classes and the network {outputs}: they must be the same, for the weights file has \
                 no names to tell them by",
                classes.len()
            );
        }
        return Ok((0..outputs as u32).collect());
    }
    let by_name = |class: &String| labels.iter().position(|label| label == class);
    // Folders of ImageNet go by synsets.
    let synsets = classes.iter().find(|class| by_name(class).is_none()).and_then(|_| imagenet::synsets(labels));
    let number =
        |class: &String| by_name(class).or_else(|| synsets.as_ref()?.iter().position(|synset| synset == class));
    let strangers: Vec<&str> = classes.iter().filter(|class| number(class).is_none()).map(String::as_str).collect();
    if let [first, rest @ ..] = strangers.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        bail!("the data set's class {first}{more} is not among the {} that the weights were trained on", labels.len());
    }
    Ok(classes.iter().filter_map(number).map(|number| number as u32).collect())
}
