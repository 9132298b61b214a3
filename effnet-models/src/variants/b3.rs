//! EfficientNetV2-B3: `v2_base_block` and `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.
//!
//! automl trains B0 to B3 with EfficientNetV1's preprocessing, so images are normalised with ImageNet's mean and
//! standard deviation (`preprocess_legacy.py`).

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// B0, 1.2 times as wide and 1.4 times as deep: 14 M parameters.
    pub struct EfficientNetV2B3 <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [1, 3, 1, 1,  32,  16, fused,  0],
        [2, 3, 2, 4,  16,  32, fused,  0],
        [2, 3, 2, 4,  32,  48, fused,  0],
        [3, 3, 2, 4,  48,  96, mbconv, 0.25],
        [5, 3, 1, 6,  96, 112, mbconv, 0.25],
        [8, 3, 2, 6, 112, 192, mbconv, 0.25],
    > {
        width: 1.2,
        depth: 1.4,
        num_features: 1280,
        dropout: 0.3,
        drop_path: 0.2,
        train_size: 240,
        eval_size: 300,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}
