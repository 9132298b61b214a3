//! EfficientNet-Lite0 to Lite4: `_DEFAULT_BLOCKS_ARGS` and `efficientnet_lite_params` of google/automl's
//! `efficientdet/backbone/efficientnet_lite_builder.py`.
//!
//! They are B0's first version for phones: without squeeze-and-excitation (`use_se=False`), activated by ReLU6, and with
//! stem and head as they are (`fix_head_stem=True`). Pixels of 0..=255 lose 127 and are divided by 128 (`MEAN_RGB`,
//! `STDDEV_RGB`); `batch_norm_momentum` of 0.99 is 0.01 in PyTorch's sense.

use effnet_runtime::efficientnet_v2;

/// A scaling of Lite0's table, with its own dropout and size of images.
macro_rules! lite {
    ($(#[$doc:meta])* $Name:ident { $($setting:ident: $value:literal),* }) => {
        efficientnet_v2! {
            $(#[$doc])*
            pub struct $Name <
                // repeats, kernel, stride, expansion, in, out, operator, se_ratio
                [1, 3, 1, 1,  32,  16, mbconv, 0],
                [2, 3, 2, 6,  16,  24, mbconv, 0],
                [2, 5, 2, 6,  24,  40, mbconv, 0],
                [3, 3, 2, 6,  40,  80, mbconv, 0],
                [3, 5, 1, 6,  80, 112, mbconv, 0],
                [4, 5, 2, 6, 112, 192, mbconv, 0],
                [1, 3, 1, 6, 192, 320, mbconv, 0],
            > {
                scale: lite,
                $($setting: $value,)*
                num_features: 1280,
                drop_path: 0.2,
                activation: relu6,
                bn_momentum: 0.01,
                mean: 0.4980392156862745, // 127/255
                std: 0.5019607843137255, // 128/255
            }
        }
    };
}

lite! {
    /// The smallest for phones: 5 M parameters, 0.4 G MACs at 224 px.
    EfficientNetLite0 { dropout: 0.2, train_size: 224, eval_size: 224 }
}
lite! {
    /// Lite0, 1.1 times as deep: 5 M parameters, 0.6 G MACs at 240 px.
    EfficientNetLite1 { depth: 1.1, dropout: 0.2, train_size: 240, eval_size: 240 }
}
lite! {
    /// Lite0, 1.1 times as wide and 1.2 times as deep: 6 M parameters, 0.9 G MACs at 260 px.
    EfficientNetLite2 { width: 1.1, depth: 1.2, dropout: 0.3, train_size: 260, eval_size: 260 }
}
lite! {
    /// Lite0, 1.2 times as wide and 1.4 times as deep: 8 M parameters, 1.4 G MACs at 280 px.
    EfficientNetLite3 { width: 1.2, depth: 1.4, dropout: 0.3, train_size: 280, eval_size: 280 }
}
lite! {
    /// Lite0, 1.4 times as wide and 1.8 times as deep: 13 M parameters, 2.6 G MACs at 300 px.
    EfficientNetLite4 { width: 1.4, depth: 1.8, dropout: 0.3, train_size: 300, eval_size: 300 }
}
