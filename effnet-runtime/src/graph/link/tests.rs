mod conv_norm_act;
#[cfg(feature = "train")]
mod ranks;
mod squeeze_excite;
