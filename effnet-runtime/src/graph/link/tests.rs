mod conv_norm_act;
mod squeeze_excite;
