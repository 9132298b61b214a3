//! EfficientNetV2-B0 to B3: `v2_base_block` and `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.
//!
//! automl trains B0 to B3 with EfficientNetV1's preprocessing, so images are normalised with ImageNet's mean and
//! standard deviation (`preprocess_legacy.py`).

use effnet_runtime::efficientnet_v2;

/// A scaling of the base table, with its own dropout and sizes of images.
macro_rules! base {
    ($(#[$doc:meta])* $Name:ident { $($setting:ident: $value:literal),* }) => {
        efficientnet_v2! {
            $(#[$doc])*
            pub struct $Name <
                // repeats, kernel, stride, expansion, in, out, operator, se_ratio
                [1, 3, 1, 1,  32,  16, fused,  0],
                [2, 3, 2, 4,  16,  32, fused,  0],
                [2, 3, 2, 4,  32,  48, fused,  0],
                [3, 3, 2, 4,  48,  96, mbconv, 0.25],
                [5, 3, 1, 6,  96, 112, mbconv, 0.25],
                [8, 3, 2, 6, 112, 192, mbconv, 0.25],
            > {
                $($setting: $value,)*
                num_features: 1280,
                drop_path: 0.2,
                mean: [0.485, 0.456, 0.406],
                std: [0.229, 0.224, 0.225],
            }
        }
    };
}

base! {
    /// The smallest: 7 M parameters, 0.7 G MACs at 224 px. Trains on a laptop.
    EfficientNetV2B0 { dropout: 0.2, train_size: 192, eval_size: 224 }
}
base! {
    /// B0, 1.1 times as deep: 8 M parameters.
    EfficientNetV2B1 { depth: 1.1, dropout: 0.2, train_size: 192, eval_size: 240 }
}
base! {
    /// B0, 1.1 times as wide and 1.2 times as deep: 10 M parameters.
    EfficientNetV2B2 { width: 1.1, depth: 1.2, dropout: 0.3, train_size: 208, eval_size: 260 }
}
base! {
    /// B0, 1.2 times as wide and 1.4 times as deep: 14 M parameters.
    EfficientNetV2B3 { width: 1.2, depth: 1.4, dropout: 0.3, train_size: 240, eval_size: 300 }
}
