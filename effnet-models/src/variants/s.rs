//! EfficientNetV2-S: `v2_s_block` and `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// The smallest of the paper's three: 21 M parameters, 8.4 G MACs at 384 px.
    pub struct EfficientNetV2S <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [ 2, 3, 1, 1,  24,  24, fused,  0],
        [ 4, 3, 2, 4,  24,  48, fused,  0],
        [ 4, 3, 2, 4,  48,  64, fused,  0],
        [ 6, 3, 2, 4,  64, 128, mbconv, 0.25],
        [ 9, 3, 1, 6, 128, 160, mbconv, 0.25],
        [15, 3, 2, 6, 160, 256, mbconv, 0.25],
    > {
        num_features: 1280,
        dropout: 0.2,
        drop_path: 0.2,
        train_size: 300,
        eval_size: 384,
    }
}
