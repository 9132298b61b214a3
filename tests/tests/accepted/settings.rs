//! Every setting, each in a model of its own.

use effnet_runtime::candle::Result;
use effnet_runtime::spec::{Activation, Padding, Scaling, Settings, Spec};
use effnet_runtime::{Params, efficientnet_v2};

use crate::images;

/// A model of one block with one setting, and what the setting does to the spec.
macro_rules! setting {
    ($($name:ident { $($setting:tt)* } $change:expr;)*) => {$(
        #[test]
        #[allow(non_snake_case, reason = "named after the model")]
        fn $name() -> Result<()> {
            efficientnet_v2! { struct Model <[1, 3, 1, 1, 8, 8, fused, 0]> { num_features: 16, $($setting)* } }

            let mut expected = Settings { num_features: 16, ..Settings::DEFAULT };
            let change: fn(&mut Settings) = $change;
            change(&mut expected);
            assert_eq!(Model::SPEC.settings, expected);
            let channels = expected.in_channels;
            let model = Model::new(2, Params::new(0).builder())?;
            let logits = model.run(&images()?.narrow(1, 0, 1)?.repeat((1, channels, 1, 1))?, &crate::EVAL)?;
            assert_eq!(logits.dims(), [2, 2]);
            Ok(())
        }
    )*};
}

setting! {
    none {} |_| {};
    in_channels { in_channels: 4 } |settings| settings.in_channels = 4;
    stem { stem: 8 } |_| {};
    dropout { dropout: 0.5 } |settings| settings.dropout = 0.5;
    dropout_off { dropout: 0 } |settings| settings.dropout = 0.0;
    drop_path { drop_path: 0.4 } |settings| settings.drop_path = 0.4;
    bn_eps { bn_eps: 1e-5 } |settings| settings.bn_eps = 1e-5;
    bn_momentum { bn_momentum: 0.01 } |settings| settings.bn_momentum = 0.01;
    padding_symmetric { padding: symmetric } |_| {};
    padding_same { padding: same } |settings| settings.padding = Padding::Same;
    activation_silu { activation: silu } |_| {};
    activation_relu { activation: relu } |settings| settings.activation = Activation::Relu;
    activation_relu6 { activation: relu6 } |settings| settings.activation = Activation::Relu6;
    activation_hard_swish { activation: hard_swish } |settings| settings.activation = Activation::HardSwish;
    train_size { train_size: 300 } |settings| settings.train_size = Some(300);
    eval_size { eval_size: 384 } |settings| settings.eval_size = Some(384);
    mean_of_all_channels { mean: 0.25 } |settings| settings.mean = vec![0.25].into();
    mean_of_each_channel { mean: [0.485, 0.456, -0.406] } |settings| settings.mean = vec![0.485, 0.456, -0.406].into();
    std_of_all_channels { std: 0.25 } |settings| settings.std = vec![0.25].into();
    std_of_each_channel { std: [0.229, 0.224, 0.225] } |settings| settings.std = vec![0.229, 0.224, 0.225].into();
    budget_of_params { budget: { params: 20k } } |_| {};
    budget_of_macs { budget: { macs: 0.01G, at: 32 } } |_| {};
    budget_of_both { budget: { params: 0.02M, macs: 10M, at: 32, } } |_| {};
    crate_path { crate: ::effnet_runtime } |_| {};
    several { dropout: 0.1, drop_path: 0.1, eval_size: 32, } |settings| {
        settings.dropout = 0.1;
        settings.drop_path = 0.1;
        settings.eval_size = Some(32);
    };
}

efficientnet_v2! {
    struct Unscaled <[1, 3, 1, 1, 32, 16, fused, 0], [2, 3, 2, 4, 16, 32, mbconv, 0.25]>;
}
efficientnet_v2! {
    struct Scaled <[1, 3, 1, 1, 32, 16, fused, 0], [2, 3, 2, 4, 16, 32, mbconv, 0.25]> { width: 1.2, depth: 1.4 }
}

#[test]
fn width_and_depth_scale_the_table() {
    let scaled = Spec { name: "Scaled".into(), ..Unscaled::SPEC.scaled(&Scaling::v2(1.2, 1.4)) };
    assert_eq!(Scaled::SPEC, scaled);
    assert_eq!(Scaled::DROP_PATH.len(), 5);
}
