//! EfficientNet-B0 to B7, of the first version: `_DEFAULT_BLOCKS_ARGS` and `efficientnet_params` of google/automl's
//! `efficientdet/backbone/efficientnet_builder.py`.
//!
//! Its `batch_norm_momentum` of 0.99 is TensorFlow's, 0.01 in PyTorch's sense. Images are normalised with ImageNet's mean
//! and standard deviation.

use effnet_runtime::efficientnet_v2;

/// A scaling of B0's table, with its own dropout and size of images.
macro_rules! v1 {
    ($(#[$doc:meta])* $Name:ident { $($setting:ident: $value:literal),* }) => {
        efficientnet_v2! {
            $(#[$doc])*
            pub struct $Name <
                // repeats, kernel, stride, expansion, in, out, operator, se_ratio
                [1, 3, 1, 1,  32,  16, mbconv, 0.25],
                [2, 3, 2, 6,  16,  24, mbconv, 0.25],
                [2, 5, 2, 6,  24,  40, mbconv, 0.25],
                [3, 3, 2, 6,  40,  80, mbconv, 0.25],
                [3, 5, 1, 6,  80, 112, mbconv, 0.25],
                [4, 5, 2, 6, 112, 192, mbconv, 0.25],
                [1, 3, 1, 6, 192, 320, mbconv, 0.25],
            > {
                scale: v1,
                $($setting: $value,)*
                num_features: 1280,
                drop_path: 0.2,
                bn_momentum: 0.01,
                mean: [0.485, 0.456, 0.406],
                std: [0.229, 0.224, 0.225],
            }
        }
    };
}

v1! {
    /// The first version's base: 5 M parameters, 0.4 G MACs at 224 px.
    EfficientNetB0 { dropout: 0.2, train_size: 224, eval_size: 224 }
}
v1! {
    /// The first version's B0, 1.1 times as deep: 8 M parameters, 0.7 G MACs at 240 px.
    EfficientNetB1 { depth: 1.1, dropout: 0.2, train_size: 240, eval_size: 240 }
}
v1! {
    /// The first version's B0, 1.1 times as wide and 1.2 times as deep: 9 M parameters, 1.0 G MACs at 260 px.
    EfficientNetB2 { width: 1.1, depth: 1.2, dropout: 0.3, train_size: 260, eval_size: 260 }
}
v1! {
    /// The first version's B0, 1.2 times as wide and 1.4 times as deep: 12 M parameters, 1.8 G MACs at 300 px.
    EfficientNetB3 { width: 1.2, depth: 1.4, dropout: 0.3, train_size: 300, eval_size: 300 }
}
v1! {
    /// The first version's B0, 1.4 times as wide and 1.8 times as deep: 19 M parameters, 4.4 G MACs at 380 px.
    EfficientNetB4 { width: 1.4, depth: 1.8, dropout: 0.4, train_size: 380, eval_size: 380 }
}
v1! {
    /// The first version's B0, 1.6 times as wide and 2.2 times as deep: 30 M parameters, 10.3 G MACs at 456 px.
    EfficientNetB5 { width: 1.6, depth: 2.2, dropout: 0.4, train_size: 456, eval_size: 456 }
}
v1! {
    /// The first version's B0, 1.8 times as wide and 2.6 times as deep: 43 M parameters, 19.1 G MACs at 528 px.
    EfficientNetB6 { width: 1.8, depth: 2.6, dropout: 0.5, train_size: 528, eval_size: 528 }
}
v1! {
    /// The first version's B0, twice as wide and 3.1 times as deep: 66 M parameters, 37.7 G MACs at 600 px.
    EfficientNetB7 { width: 2.0, depth: 3.1, dropout: 0.5, train_size: 600, eval_size: 600 }
}
