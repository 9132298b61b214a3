//! EfficientNetV2-XL: `v2_xl_block` and `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// A network for pre-training on ImageNet-21k: 208 M parameters, 93.4 G MACs at 512 px.
    pub struct EfficientNetV2XL <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [ 4, 3, 1, 1,  32,  32, fused,  0],
        [ 8, 3, 2, 4,  32,  64, fused,  0],
        [ 8, 3, 2, 4,  64,  96, fused,  0],
        [16, 3, 2, 4,  96, 192, mbconv, 0.25],
        [24, 3, 1, 6, 192, 256, mbconv, 0.25],
        [32, 3, 2, 6, 256, 512, mbconv, 0.25],
        [ 8, 3, 1, 6, 512, 640, mbconv, 0.25],
    > {
        num_features: 1280,
        dropout: 0.4,
        drop_path: 0.2,
        train_size: 384,
        eval_size: 512,
    }
}
