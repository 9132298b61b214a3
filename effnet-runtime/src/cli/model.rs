//! What the `train` command trains.

use crate::train::Build;

/// The network that the command trains.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// Its name: it names the run's folder, and a resume asks for it again.
    pub name: &'a str,
    /// Makes it of a number of classes.
    pub build: Build<'a>,
    /// What to type for a prediction, up to its flags: `effnet predict`.
    pub predict: &'a str,
    /// What to type to train it, up to the flags of [`TrainArgs`](super::TrainArgs): `effnet train --variant s`.
    pub train: &'a str,
}
