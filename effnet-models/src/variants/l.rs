//! EfficientNetV2-L: `v2_l_block` and `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// The largest of the paper's three: 119 M parameters, 56.1 G MACs at 480 px.
    pub struct EfficientNetV2L <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [ 4, 3, 1, 1,  32,  32, fused,  0],
        [ 7, 3, 2, 4,  32,  64, fused,  0],
        [ 7, 3, 2, 4,  64,  96, fused,  0],
        [10, 3, 2, 4,  96, 192, mbconv, 0.25],
        [19, 3, 1, 6, 192, 224, mbconv, 0.25],
        [25, 3, 2, 6, 224, 384, mbconv, 0.25],
        [ 7, 3, 1, 6, 384, 640, mbconv, 0.25],
    > {
        num_features: 1280,
        dropout: 0.4,
        drop_path: 0.2,
        train_size: 384,
        eval_size: 480,
    }
}
