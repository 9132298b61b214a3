//! EfficientNetV2-B0: `v2_base_block` and `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.
//!
//! automl trains B0 to B3 with EfficientNetV1's preprocessing, so images are normalised with ImageNet's mean and
//! standard deviation (`preprocess_legacy.py`).

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// The smallest: 7 M parameters, 0.7 G MACs at 224 px. Trains on a laptop.
    pub struct EfficientNetV2B0 <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [1, 3, 1, 1,  32,  16, fused,  0],
        [2, 3, 2, 4,  16,  32, fused,  0],
        [2, 3, 2, 4,  32,  48, fused,  0],
        [3, 3, 2, 4,  48,  96, mbconv, 0.25],
        [5, 3, 1, 6,  96, 112, mbconv, 0.25],
        [8, 3, 2, 6, 112, 192, mbconv, 0.25],
    > {
        num_features: 1280,
        dropout: 0.2,
        drop_path: 0.2,
        train_size: 192,
        eval_size: 224,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}
