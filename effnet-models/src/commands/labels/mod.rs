//! The names of a network's classes: the weights file's, those of a file that the user names, or ImageNet's.

mod file;
pub(super) mod imagenet;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use effnet_runtime::cli;
use effnet_runtime::weights::{Scheme, WeightsFile};

/// `--labels`, which several commands share.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Labels {
    /// Names of the classes: one a line, or a JSON list or dictionary [default: the weights file's; of a foreign file
    /// with 1,000 or 21,843 classes, ImageNet's]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
}

impl Labels {
    /// The names of a file's classes, in the order of the logits; none where nothing tells them.
    pub(super) fn of(&self, weights: &WeightsFile) -> Result<Vec<String>> {
        let classes = weights.num_classes()?.unwrap_or(0);
        if let Some(path) = &self.labels {
            return said(path, classes);
        }
        if let Some(metadata) = weights.metadata() {
            return Ok(metadata.labels.clone());
        }
        match weights.scheme()? {
            // Whoever trains by our names has classes of his own.
            Scheme::Own => return Ok(Vec::new()),
            Scheme::Timm => {
                let labels = weights.timm_config()?.map(|config| config.labels).unwrap_or_default();
                if labels.len() == classes && classes > 0 {
                    return Ok(labels);
                }
            }
            _ => {}
        }
        let Some((name, labels)) = imagenet::labels(classes) else { return Ok(Vec::new()) };
        let path = weights.path().display();
        cli::warn(format_args!(
            "{path} names no classes: its {classes} are taken for those of {name}, as timm lists them"
        ));
        Ok(labels)
    }
}

fn said(path: &Path, classes: usize) -> Result<Vec<String>> {
    let labels = file::read(path)?;
    if labels.len() != classes {
        bail!("{} names {} classes, and the weights have {classes}", path.display(), labels.len());
    }
    Ok(labels)
}
