//! Batch normalisation, activation and residual, as kernels that [`super::conv_norm_act`] runs.

pub(crate) mod kernel;
pub(crate) mod statistics;
#[cfg(test)]
mod tests;
