//! How tables read in TOML and JSON, behind the feature `serde`.
//!
//! A row is a list of eight cells and perhaps a table of options, or a block string; `mean` and `std` are a number or a list; a setting that is left
//! out has its default; an unknown one is refused. Reading does not validate: [`crate::Spec::validate`] does.

pub(crate) mod channels;
pub(crate) mod defaults;
mod row;
