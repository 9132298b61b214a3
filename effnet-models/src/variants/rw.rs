//! EfficientNetV2-RW: Ross Wightman's networks from before automl published its own, `efficientnetv2_rw_t`, `_s` and `_m`
//! of timm's `efficientnet.py`.
//!
//! Sizes of images, mean and standard deviation are those of `default_cfgs` there, and the epsilon is that of timm's layers.
//! timm names no dropout for them: these are the paper's, S's for T and S, and M's for M.

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// S, 0.8 times as wide and 0.9 times as deep, by the first version's rounding: 14 M parameters, 3.2 G MACs at 288 px.
    pub struct EfficientNetV2RwT <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [ 2, 3, 1, 1,  24,  24, fused,  0],
        [ 4, 3, 2, 4,  24,  48, fused,  0],
        [ 4, 3, 2, 4,  48,  64, fused,  0],
        [ 6, 3, 2, 4,  64, 128, mbconv, 0.25],
        [ 9, 3, 1, 6, 128, 160, mbconv, 0.25],
        [15, 3, 2, 6, 160, 256, mbconv, 0.25],
    > {
        scale: v1,
        width: 0.8,
        depth: 0.9,
        num_features: 1280,
        dropout: 0.2,
        drop_path: 0.2,
        bn_eps: 1e-5,
        train_size: 224,
        eval_size: 288,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}

efficientnet_v2! {
    /// S with another first stage, last stage and head: 24 M parameters, 8.6 G MACs at 384 px.
    pub struct EfficientNetV2RwS <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [ 2, 3, 1, 1,  24,  24, fused,  0, { expand_conv: true }],
        [ 4, 3, 2, 4,  24,  48, fused,  0],
        [ 4, 3, 2, 4,  48,  64, fused,  0],
        [ 6, 3, 2, 4,  64, 128, mbconv, 0.25],
        [ 9, 3, 1, 6, 128, 160, mbconv, 0.25],
        [15, 3, 2, 6, 160, 272, mbconv, 0.25],
    > {
        num_features: 1792,
        dropout: 0.2,
        drop_path: 0.2,
        bn_eps: 1e-5,
        train_size: 288,
        eval_size: 384,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}

efficientnet_v2! {
    /// RW's S, 1.2 times as wide, 1.2 times as deep and 1.6 times in the last two stages: 53 M parameters, 21.3 G MACs at
    /// 416 px.
    pub struct EfficientNetV2RwM <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [ 3, 3, 1, 1,  32,  32, fused,  0, { expand_conv: true }],
        [ 5, 3, 2, 4,  32,  56, fused,  0],
        [ 5, 3, 2, 4,  56,  80, fused,  0],
        [ 8, 3, 2, 4,  80, 152, mbconv, 0.25],
        [15, 3, 1, 6, 152, 192, mbconv, 0.25],
        [24, 3, 2, 6, 192, 328, mbconv, 0.25],
    > {
        num_features: 2152,
        dropout: 0.3,
        drop_path: 0.2,
        bn_eps: 1e-5,
        train_size: 320,
        eval_size: 416,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}
