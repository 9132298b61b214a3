//! `--variant` and `--table`, which several commands share.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use clap::error::ErrorKind;
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::cli::{read_text, shell};
use effnet_runtime::spec::{Spec, grammar};
use effnet_runtime::weights::{Metadata, WeightsFile};
use effnet_runtime::{DynamicModel, Network, candle};

use crate::registry::{self, VARIANTS, Variant};

/// A network: a named variant, or the user's own table.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
pub(super) struct Architecture {
    #[arg(long, value_name = "NAME", value_parser = registry::find, help = variant_help())]
    variant: Option<&'static Variant>,
    /// A file that holds a stage table, in the syntax of efficientnet_v2!
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
}

/// A network to build.
pub(super) struct Design {
    /// Its name for people: a variant's, or the table's.
    pub(super) name: String,
    /// Its table and settings.
    pub(super) spec: Spec,
    variant: Option<&'static Variant>,
}

impl Architecture {
    /// The flag that names the network, as a shell takes it.
    pub(super) fn flag(&self) -> String {
        match (self.variant, &self.table) {
            (Some(variant), _) => format!("--variant {}", variant.name()),
            (None, Some(path)) => format!("--table {}", shell(path)),
            (None, None) => String::new(),
        }
    }

    /// The network that the command line names, else the one of the file's metadata or of timm's `config.json` beside it.
    pub(super) fn design_for(&self, file: &WeightsFile) -> Result<Design> {
        if self.variant.is_some() || self.table.is_some() {
            return self.design();
        }
        if let Some(Metadata { name, spec, .. }) = file.metadata() {
            return Ok(Design { name: name.clone(), spec: spec.clone(), variant: None });
        }
        let path = file.path().display();
        let Some(config) = file.timm_config()? else {
            bail!("{path} does not say which network it belongs to: add --variant NAME or --table FILE");
        };
        let variant = registry::find(&config.architecture).map_err(|_| {
            let name = &config.architecture;
            anyhow!("{path} belongs to timm's {name}, which is no named variant: add --table FILE")
        })?;
        Ok(Design::of(variant))
    }

    /// Looks the variant up, or reads the table.
    pub(super) fn design(&self) -> Result<Design> {
        match (self.variant, &self.table) {
            (Some(variant), _) => Ok(Design::of(variant)),
            (None, Some(path)) => {
                let spec = read_table(path)?;
                Ok(Design { name: spec.name.to_string(), spec, variant: None })
            }
            // Checked here rather than by clap: some commands need a network only where a weights file does not name
            // one.
            (None, None) => {
                let message = "say which network: --variant NAME or --table FILE\n";
                Err(clap::Error::raw(ErrorKind::MissingRequiredArgument, message).into())
            }
        }
    }
}

impl Design {
    fn of(variant: &'static Variant) -> Self {
        Self { name: variant.name().to_owned(), spec: variant.spec().clone(), variant: Some(variant) }
    }

    /// Builds the network, as a generated type where there is one.
    pub(super) fn build(&self, num_classes: usize, builder: VarBuilder<'_>) -> candle::Result<Box<dyn Network>> {
        match self.variant {
            Some(variant) => variant.build(num_classes, builder),
            None => Ok(Box::new(DynamicModel::from_spec(&self.spec, num_classes, builder)?)),
        }
    }
}

fn variant_help() -> String {
    let names: Vec<_> = VARIANTS.iter().map(Variant::name).collect();
    format!("A named variant, also by timm's name for it: {}", names.join(", "))
}

fn read_table(path: &Path) -> Result<Spec> {
    let text = read_text(path).with_context(|| format!("cannot read the table file {}", path.display()))?;
    let name = path.file_stem().map_or(Cow::Borrowed("table"), |stem| stem.to_string_lossy());
    grammar::parse_table(&name, &text).map_err(|mistakes| match mistakes.as_slice() {
        [mistake] => anyhow!("{}, {mistake}", path.display()),
        mistakes => {
            let lines: String = mistakes.iter().map(|mistake| format!("\n  {mistake}")).collect();
            anyhow!("{} has {} mistakes:{lines}", path.display(), mistakes.len())
        }
    })
}
