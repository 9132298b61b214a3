//! The networks that a search chooses from, as data.
//!
//! A space is a TOML text: a stem, settings as a table has them, and for each stage the choices of operator, number of
//! layers, kernel, expansion and width. `effnet-runtime/spaces/b0.toml` says what each name means. A network is a list
//! of genes: for each [`Gene`] of [`Space::genes`] the position of what was chosen. No two lists are the same network.

mod effects;
mod file;
mod gene;
mod limits;
#[cfg(test)]
mod tests;

pub use effects::{ChoiceEffect, Effect, effects};
pub use gene::{Gene, GeneKind};
pub use limits::{Limit, Limits, Refusal};

use std::path::Path;

use effnet_spec::{Spec, expected, listed, suggest};

use super::error::{Error, Result};
use crate::random::Stream;
use crate::text::read_text;
use file::{Choice, File};

/// The crate's own spaces: each one's name and text.
const SPACES: [(&str, &str); 2] =
    [("b0", include_str!("../../../spaces/b0.toml")), ("b4", include_str!("../../../spaces/b4.toml"))];

/// The networks that a search chooses from.
///
/// ```
/// use effnet_runtime::search::Space;
///
/// let space = Space::parse(
///     "mine",
///     r#"
///     stem = 16
///     se_ratio = 0.25
///     [[stage]]
///     stride = 2
///     operator = ["mbconv", "fused"]
///     layers = [1, 2, 3]
///     kernel = 3
///     expansion = 4
///     width = [24, 32]
///     "#,
/// )?;
/// assert_eq!(space.size(), 12);
/// let spec = space.spec(&[1, 2, 0, 0, 1], "Found")?;
/// assert_eq!(spec.rows()[0].to_string(), "[3, 3, 2, 4, 16, 32, fused, 0]");
/// # Ok::<(), effnet_runtime::search::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Space {
    name: String,
    text: String,
    file: File,
    genes: Vec<Gene>,
    size: u128,
}

impl Space {
    /// Reads a space from its text. Its name is for people: that of a file, for example.
    ///
    /// # Errors
    /// When the text is not TOML or not a space's, or a network of it could not be built. The error names the line or
    /// the stage, the field, and what is allowed there.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let file = File::parse(name, text)?;
        let genes: Vec<Gene> = file.stages.iter().enumerate().flat_map(|(index, stage)| stage.genes(index)).collect();
        let size = genes.iter().try_fold(1_u128, |size, gene| size.checked_mul(gene.choices.len() as u128));
        let size = size.ok_or_else(|| Error::Space {
            space: name.to_owned(),
            place: "its stages".to_owned(),
            what: "they have more than 2^128 networks; leave out some choices".to_owned(),
        })?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), file, genes, size })
    }

    /// Finds the space of this name, or reads it from this file if it ends in `.toml`.
    ///
    /// Both spaces of the crate have the paper's kinds of choice: `b0` on EfficientNetV2-B0's widths, with 1 to 3 layers a
    /// stage, 36⁶ = 2,176,782,336 networks; `b4` on EfficientNet-B4's, with layers around B4's own, 36⁷ =
    /// 78,364,164,096.
    ///
    /// # Errors
    /// When there is no such space, the file cannot be read, or for the reasons of [`Space::parse`].
    pub fn open(name: &str) -> Result<Self> {
        if let Some((name, text)) = SPACES.iter().find(|(known, _)| *known == name) {
            return Self::parse(name, text);
        }
        let path = Path::new(name);
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = read_text(path).map_err(Error::folder("read", path))?;
            return Self::parse(name, &text);
        }
        let known = || SPACES.iter().map(|(name, _)| *name);
        let expected = expected(suggest(name, known()), &listed(known()));
        Err(Error::NoSpace { name: name.to_owned(), expected })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What there is to choose, stage by stage; within a stage in the order of [`GeneKind::ALL`].
    pub fn genes(&self) -> &[Gene] {
        &self.genes
    }

    /// What a network may cost.
    pub fn limits(&self) -> &Limits {
        &self.file.limits
    }

    /// The number of its networks.
    pub fn size(&self) -> u128 {
        self.size
    }

    /// The network of a number below [`Space::size`]: a mixed-radix number whose last digit is the last gene. None for
    /// a number beyond.
    pub fn nth(&self, index: u128) -> Option<Vec<u16>> {
        if index >= self.size {
            return None;
        }
        let mut rest = index;
        let mut genes: Vec<u16> = Vec::with_capacity(self.genes.len());
        for gene in self.genes.iter().rev() {
            let choices = gene.choices.len() as u128;
            genes.push((rest % choices) as u16);
            rest /= choices;
        }
        genes.reverse();
        Some(genes)
    }

    /// The number that [`Space::nth`] makes these genes of.
    ///
    /// # Errors
    /// When the genes are not this space's.
    pub fn index(&self, genes: &[u16]) -> Result<u128> {
        self.check(genes)?;
        let digits = genes.iter().zip(&self.genes);
        Ok(digits.fold(0, |index, (&digit, gene)| index * gene.choices.len() as u128 + u128::from(digit)))
    }

    /// The network in the middle of every list, the lower of two middles: neither the smallest nor the largest.
    pub fn middle(&self) -> Vec<u16> {
        self.genes.iter().map(|gene| ((gene.choices.len() - 1) / 2) as u16).collect()
    }

    /// The table of these genes.
    ///
    /// # Errors
    /// When the genes are not this space's.
    pub fn spec(&self, genes: &[u16], name: &str) -> Result<Spec> {
        self.check(genes)?;
        let choices = genes.chunks_exact(GeneKind::ALL.len()).map(|stage| {
            let mut choice = Choice::default();
            choice.iter_mut().zip(stage).for_each(|(choice, &gene)| *choice = usize::from(gene));
            choice
        });
        Ok(self.file.spec(name, choices))
    }

    /// What an architecture goes by, in another space too: its table's text, which has no name.
    ///
    /// # Errors
    /// When the genes are not this space's.
    pub fn key(&self, genes: &[u16]) -> Result<String> {
        Ok(self.spec(genes, "")?.to_string())
    }

    /// Draws a network: every one with the same probability.
    pub(crate) fn draw(&self, stream: &Stream) -> Vec<u16> {
        let draw = |(element, gene): (usize, &Gene)| stream.below(element as u64, gene.choices.len() as u64) as u16;
        self.genes.iter().enumerate().map(draw).collect()
    }

    /// Changes one gene to another of its choices: every gene that has more than one with the same probability, and
    /// every other choice of it. Where there is nothing to choose, the genes stay.
    pub(crate) fn mutate(&self, genes: &[u16], stream: &Stream) -> Vec<u16> {
        let mut genes = genes.to_vec();
        let open: Vec<usize> = (0..genes.len()).filter(|&gene| self.genes[gene].choices.len() > 1).collect();
        if !open.is_empty() {
            let gene = open[stream.below(0, open.len() as u64) as usize];
            let other = stream.below(1, self.genes[gene].choices.len() as u64 - 1) as u16;
            genes[gene] = other + u16::from(other >= genes[gene]);
        }
        genes
    }

    fn check(&self, genes: &[u16]) -> Result<()> {
        let wrong = |what| Err(Error::Genes { genes: genes.to_vec(), space: self.name.clone(), what });
        if genes.len() != self.genes.len() {
            return wrong(format!("which has {} genes", self.genes.len()));
        }
        let beyond = genes.iter().zip(&self.genes).find(|(digit, gene)| usize::from(**digit) >= gene.choices.len());
        match beyond {
            Some((_, gene)) => wrong(format!("which has {} choices for the {gene}", gene.choices.len())),
            None => Ok(()),
        }
    }
}
