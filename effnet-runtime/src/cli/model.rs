//! The network that the `train` command trains.

use crate::train::Build;

/// The network that the command trains.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// Name of the network, and of run folders; a resume must name it again.
    pub name: &'a str,
    /// Builds it for a number of classes.
    pub build: Build<'a>,
    /// Command for a prediction, up to its flags: `effnet predict`.
    pub predict: &'a str,
    /// Command that trains it, up to the flags of [`TrainArgs`](super::TrainArgs): `effnet train --variant s`.
    pub train: &'a str,
}
