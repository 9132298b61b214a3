//! EfficientNetV2-M: `v2_m_block` and `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// The middle of the paper's three: 54 M parameters, 24.6 G MACs at 480 px.
    pub struct EfficientNetV2M <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [ 3, 3, 1, 1,  24,  24, fused,  0],
        [ 5, 3, 2, 4,  24,  48, fused,  0],
        [ 5, 3, 2, 4,  48,  80, fused,  0],
        [ 7, 3, 2, 4,  80, 160, mbconv, 0.25],
        [14, 3, 1, 6, 160, 176, mbconv, 0.25],
        [18, 3, 2, 6, 176, 304, mbconv, 0.25],
        [ 5, 3, 1, 6, 304, 512, mbconv, 0.25],
    > {
        num_features: 1280,
        dropout: 0.3,
        drop_path: 0.2,
        train_size: 384,
        eval_size: 480,
    }
}
