//! Batch normalisation, activation and residual, as kernels that [`super::conv_norm_act`] runs.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod kernel;
pub(crate) mod statistics;
#[cfg(test)]
mod tests;
