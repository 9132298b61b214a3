/**An image classifier of the EfficientNetV2 family.

# Architecture

| stage | operator           | kernel | stride | expansion | channels | repeats | SE | resolution |    params |    MACs |
|:------|:-------------------|-------:|-------:|----------:|---------:|--------:|---:|-----------:|----------:|--------:|
| stem  | conv               |    3×3 |      2 |           |        8 |         |    |    112×112 |       232 | 2.710 M |
| 1     | fused              |    3×3 |      1 |         1 |        8 |       1 |    |    112×112 |       592 | 7.225 M |
| head  | conv, pool, linear |    1×1 |      1 |           |     1280 |         |    |    112×112 | 1,293,800 | 129.7 M |

1,294,624 parameters for 1,000 classes in 1 blocks; 139.7 M MACs and 16.26 M activations for an image of 224×224 pixels.


# Example

```text
let params = Params::new(0);
let model = EfficientNetV2::new(10, params.builder())?;
// Logits [N, 10] of images [N, 3, 224, 224].
let logits = model.eval().forward(&images)?;
// The last stage's feature map, in a step of training.
let stage_1 = model.features_t(&images, true)?.stage_1;
```

# Parameters

`{2..5}` stands for 2, 3, 4 and 5.

- `stem.conv.weight`
- `stem.bn.{weight, bias, running_mean, running_var}`
- `blocks.0.project_conv.conv.weight`
- `blocks.0.project_conv.bn.{weight, bias, running_mean, running_var}`
- `head.project_conv.conv.weight`
- `head.project_conv.bn.{weight, bias, running_mean, running_var}`
- `head.classifier.{weight, bias}`
*/
pub struct EfficientNetV2 {
    stem: ::effnet_runtime::__private::Stem<3, 8>,
    stage_1: ::effnet_runtime::__private::Stage<
        ::effnet_runtime::__private::FusedMbConv<8, 8, 0, 8, 3, 1>,
    >,
    head: ::effnet_runtime::__private::Head<8, 1280>,
    core: ::effnet_runtime::__private::Core,
}
///The feature maps that [`EfficientNetV2`] puts out, one a stage.
#[derive(::effnet_runtime::__private::Clone, ::effnet_runtime::__private::Debug)]
#[allow(dead_code, unreachable_pub)]
pub struct EfficientNetV2Features {
    ///The stem: 8 channels, 1/2 of the image's side.
    pub stem: ::effnet_runtime::__private::FeatureMap<8>,
    ///Stage 1: 8 channels, 1/2 of the image's side.
    pub stage_1: ::effnet_runtime::__private::FeatureMap<8>,
}
#[allow(deprecated)]
const _: () = {
    use ::effnet_runtime::__private as __private;
    #[allow(unreachable_pub)]
    impl EfficientNetV2 {
        /// Table and settings.
        pub const SPEC: __private::Spec = <Self as __private::Model>::SPEC;
        /// Trainable parameters, with 1,000 classes.
        pub const PARAMS: __private::usize = 1294624;
        /// The drop-path rate of each block, used where a block has a shortcut.
        pub const DROP_PATH: [__private::f64; 1] = [0.0];
        /// Trainable parameters, with `num_classes` classes.
        #[must_use]
        pub const fn params(num_classes: __private::usize) -> __private::usize {
            13624 + num_classes * 1281
        }
        /// A model with `num_classes` classes, whose parameters are `vb`'s. With 0 it has no classifier.
        ///
        /// # Errors
        /// When `vb` lacks a parameter or has it in another shape.
        pub fn new(
            num_classes: __private::usize,
            vb: __private::VarBuilder<'_>,
        ) -> __private::Result<Self> {
            <Self as __private::Model>::new(num_classes, vb)
        }
        /// Logits `[N, num_classes]` of images `[N, channels, H, W]`; without classes, their embeddings.
        ///
        /// # Errors
        /// When the images' shape does not fit, or candle fails.
        pub fn run(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Tensor> {
            <Self as __private::Network>::run(self, images, pass)
        }
        /// Embeddings `[N, num_features]` of images `[N, channels, H, W]`: what the classifier reads.
        ///
        /// # Errors
        /// When the images' shape does not fit, or candle fails.
        pub fn embeddings(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Tensor> {
            <Self as __private::Network>::embeddings(self, images, pass)
        }
        /// The feature maps that the stem and the stages put out, of images `[N, channels, H, W]`.
        ///
        /// # Errors
        /// When the images' shape does not fit, or candle fails.
        pub fn features(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<EfficientNetV2Features> {
            let stem = self.stem.forward(images, pass)?;
            let stage_1 = self.stage_1.forward(&stem, pass)?;
            __private::Ok(EfficientNetV2Features {
                stem,
                stage_1,
            })
        }
        /// [`Self::features`] in the sense of candle's `forward_t`: with `train`, in a step of the model's own, with
        /// the table's drop path, whose batch statistics go to the running buffers at once.
        ///
        /// # Errors
        /// When the images' shape does not fit, or candle fails.
        pub fn features_t(
            &self,
            images: &__private::Tensor,
            train: __private::bool,
        ) -> __private::Result<EfficientNetV2Features> {
            self.core.pass_t(images, train, |pass| self.features(images, pass))
        }
        /// The model borrowed for evaluation, as a candle `Module`.
        #[must_use]
        pub fn eval(&self) -> __private::Eval<'_> {
            __private::Eval::new(self)
        }
    }
    #[automatically_derived]
    impl __private::Network for EfficientNetV2 {
        fn core(&self) -> &__private::Core {
            &self.core
        }
        fn run(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Tensor> {
            self.stem.then(&self.stage_1).logits(&self.head, images, pass)
        }
        fn embeddings(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Tensor> {
            self.stem.then(&self.stage_1).embeddings(&self.head, images, pass)
        }
        fn stage_maps(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Vec<__private::Tensor>> {
            let features = self.features(images, pass)?;
            __private::to_nchw(&[&features.stage_1])
        }
    }
    #[automatically_derived]
    impl __private::Model for EfficientNetV2 {
        const SPEC: __private::Spec = __private::Spec {
            name: __private::Cow::Borrowed("EfficientNetV2"),
            rows: __private::Cow::Borrowed(
                &[__private::Row::new(1, 3, 1, 1, 8, 8, __private::Operator::Fused, 0.0)],
            ),
            settings: __private::Settings {
                in_channels: 3,
                num_features: 1280,
                head: __private::HeadKind::Conv,
                head_bias: true,
                stem_kernel: 3,
                dropout: 0.2,
                drop_path: 0.2,
                bn_eps: 0.001,
                bn_momentum: 0.1,
                padding: __private::Padding::Symmetric,
                activation: __private::Activation::Silu,
                se_gate: __private::Gate::Sigmoid,
                se_activation: __private::Option::None,
                se_of: __private::SeOf::Input,
                train_size: __private::Option::None,
                eval_size: __private::Option::None,
                mean: __private::Cow::Borrowed(&[0.5]),
                std: __private::Cow::Borrowed(&[0.5]),
            },
        };
        fn new(
            num_classes: __private::usize,
            vb: __private::VarBuilder<'_>,
        ) -> __private::Result<Self> {
            let mut builder = __private::Builder::new(
                &<Self as __private::Model>::SPEC,
                num_classes,
                vb,
            )?;
            let (stem, (stage_1, head)) = __private::Layers::take(&mut builder)?;
            __private::Ok(Self {
                stem,
                stage_1,
                head,
                core: builder.finish()?,
            })
        }
    }
    #[automatically_derived]
    impl __private::ModuleT for EfficientNetV2 {
        fn forward_t(
            &self,
            images: &__private::Tensor,
            train: __private::bool,
        ) -> __private::Result<__private::Tensor> {
            self.core
                .pass_t(
                    images,
                    train,
                    |pass| __private::Network::run(self, images, pass),
                )
        }
    }
};
