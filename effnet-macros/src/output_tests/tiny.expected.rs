/// Two stages.
#[derive(Debug)]
/**
# Architecture

| stage | operator           | kernel | stride | expansion | channels | repeats |   SE | resolution | params |    MACs |
|:------|:-------------------|-------:|-------:|----------:|---------:|--------:|-----:|-----------:|-------:|--------:|
| stem  | conv               |    3×3 |      2 |           |        8 |         |      |      16×16 |    232 | 55.30 k |
| 1     | fused              |    3×3 |      1 |         1 |        8 |       2 |      |      16×16 |  1,184 | 294.9 k |
| 2     | mbconv             |    5×5 |      2 |         4 |       16 |       1 | 0.25 |        8×8 |  1,890 | 149.6 k |
| head  | conv, pool, linear |    1×1 |      1 |           |       32 |         |      |        8×8 | 33,576 | 64.77 k |

36,882 parameters for 1,000 classes in 3 blocks; 564.6 k MACs and 20.49 k activations for an image of 32×32 pixels.

Settings: `num_features: 32, drop_path: 0.1, eval_size: 32`.

# Example

```text
let params = Params::new(0);
let model = Tiny::new(10, params.builder())?;
// Logits [N, 10] of images [N, 3, 32, 32].
let logits = model.eval().forward(&images)?;
// The last stage's feature map, in a step of training.
let stage_2 = model.features_t(&images, true)?.stage_2;
```

# Parameters

`{2..5}` stands for 2, 3, 4 and 5.

- `stem.conv.weight`
- `stem.bn.{weight, bias, running_mean, running_var}`
- `blocks.{0..1}.project_conv.conv.weight`
- `blocks.{0..1}.project_conv.bn.{weight, bias, running_mean, running_var}`
- `blocks.2.expand_conv.conv.weight`
- `blocks.2.expand_conv.bn.{weight, bias, running_mean, running_var}`
- `blocks.2.dwconv.conv.weight`
- `blocks.2.dwconv.bn.{weight, bias, running_mean, running_var}`
- `blocks.2.se.conv_reduce.{weight, bias}`
- `blocks.2.se.conv_expand.{weight, bias}`
- `blocks.2.project_conv.conv.weight`
- `blocks.2.project_conv.bn.{weight, bias, running_mean, running_var}`
- `head.project_conv.conv.weight`
- `head.project_conv.bn.{weight, bias, running_mean, running_var}`
- `head.classifier.{weight, bias}`
*/
pub(crate) struct Tiny {
    stem: ::effnet_runtime::__private::Stem<3, 8>,
    stage_1: ::effnet_runtime::__private::Stage<
        [::effnet_runtime::__private::FusedMbConv<8, 8, 0, 8, 3, 1>; 2],
    >,
    stage_2: ::effnet_runtime::__private::Stage<
        ::effnet_runtime::__private::MbConv<8, 32, 2, 16, 5, 2>,
    >,
    head: ::effnet_runtime::__private::Head<16, 32>,
    core: ::effnet_runtime::__private::Core,
}
///The feature maps that [`Tiny`] puts out, one a stage.
#[derive(::effnet_runtime::__private::Clone, ::effnet_runtime::__private::Debug)]
#[allow(dead_code, unreachable_pub)]
pub(crate) struct TinyFeatures {
    ///The stem: 8 channels, 1/2 of the image's side.
    pub(crate) stem: ::effnet_runtime::__private::FeatureMap<8>,
    ///Stage 1: 8 channels, 1/2 of the image's side.
    pub(crate) stage_1: ::effnet_runtime::__private::FeatureMap<8>,
    ///Stage 2: 16 channels, 1/4 of the image's side.
    pub(crate) stage_2: ::effnet_runtime::__private::FeatureMap<16>,
}
#[allow(deprecated)]
const _: () = {
    use ::effnet_runtime::__private as __private;
    #[allow(unreachable_pub)]
    impl Tiny {
        /// Table and settings.
        pub(crate) const SPEC: __private::Spec = <Self as __private::Model>::SPEC;
        /// Trainable parameters, with 1,000 classes.
        pub(crate) const PARAMS: __private::usize = 36882;
        /// The drop-path rate of each block, used where a block has a shortcut.
        pub(crate) const DROP_PATH: [__private::f64; 3] = [
            0.0,
            0.03333333333333333,
            0.06666666666666667,
        ];
        /// Trainable parameters, with `num_classes` classes.
        #[must_use]
        pub(crate) const fn params(num_classes: __private::usize) -> __private::usize {
            3882 + num_classes * 33
        }
        /// A model with `num_classes` classes, whose parameters are `vb`'s. With 0 it has no classifier.
        ///
        /// # Errors
        /// When `vb` lacks a parameter or has it in another shape.
        pub(crate) fn new(
            num_classes: __private::usize,
            vb: __private::VarBuilder<'_>,
        ) -> __private::Result<Self> {
            <Self as __private::Model>::new(num_classes, vb)
        }
        /// Logits `[N, num_classes]` of images `[N, channels, H, W]`; without classes, their embeddings.
        ///
        /// # Errors
        /// When the images' shape does not fit, or candle fails.
        pub(crate) fn run(
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
        pub(crate) fn embeddings(
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
        pub(crate) fn features(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<TinyFeatures> {
            let stem = self.stem.forward(images, pass)?;
            let stage_1 = self.stage_1.forward(&stem, pass)?;
            let stage_2 = self.stage_2.forward(&stage_1, pass)?;
            __private::Ok(TinyFeatures {
                stem,
                stage_1,
                stage_2,
            })
        }
        /// [`Self::features`] in the sense of candle's `forward_t`: with `train`, in a step of the model's own, with
        /// the table's drop path, whose batch statistics go to the running buffers at once.
        ///
        /// # Errors
        /// When the images' shape does not fit, or candle fails.
        pub(crate) fn features_t(
            &self,
            images: &__private::Tensor,
            train: __private::bool,
        ) -> __private::Result<TinyFeatures> {
            self.core.pass_t(images, train, |pass| self.features(images, pass))
        }
        /// The model borrowed for evaluation, as a candle `Module`.
        #[must_use]
        pub(crate) fn eval(&self) -> __private::Eval<'_> {
            __private::Eval::new(self)
        }
    }
    #[automatically_derived]
    impl __private::Network for Tiny {
        fn core(&self) -> &__private::Core {
            &self.core
        }
        fn run(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Tensor> {
            self.stem
                .then(&self.stage_1)
                .then(&self.stage_2)
                .logits(&self.head, images, pass)
        }
        fn embeddings(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Tensor> {
            self.stem
                .then(&self.stage_1)
                .then(&self.stage_2)
                .embeddings(&self.head, images, pass)
        }
        fn stage_maps(
            &self,
            images: &__private::Tensor,
            pass: &__private::Pass<'_>,
        ) -> __private::Result<__private::Vec<__private::Tensor>> {
            let features = self.features(images, pass)?;
            __private::to_nchw(&[&features.stage_1, &features.stage_2])
        }
    }
    #[automatically_derived]
    impl __private::Model for Tiny {
        const SPEC: __private::Spec = __private::Spec {
            name: __private::Cow::Borrowed("Tiny"),
            rows: __private::Cow::Borrowed(
                &[
                    __private::Row::new(
                        2,
                        3,
                        1,
                        1,
                        8,
                        8,
                        __private::Operator::Fused,
                        0.0,
                    ),
                    __private::Row::new(
                        1,
                        5,
                        2,
                        4,
                        8,
                        16,
                        __private::Operator::MbConv,
                        0.25,
                    ),
                ],
            ),
            settings: __private::Settings {
                in_channels: 3,
                num_features: 32,
                head: __private::HeadKind::Conv,
                head_bias: true,
                stem_kernel: 3,
                dropout: 0.2,
                drop_path: 0.1,
                bn_eps: 0.001,
                bn_momentum: 0.1,
                padding: __private::Padding::Symmetric,
                activation: __private::Activation::Silu,
                se_gate: __private::Gate::Sigmoid,
                se_activation: __private::Option::None,
                se_of: __private::SeOf::Input,
                train_size: __private::Option::None,
                eval_size: __private::Option::Some(32),
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
            let ((stem, stage_1), (stage_2, head)) = __private::Layers::take(
                &mut builder,
            )?;
            __private::Ok(Self {
                stem,
                stage_1,
                stage_2,
                head,
                core: builder.finish()?,
            })
        }
    }
    #[automatically_derived]
    impl __private::ModuleT for Tiny {
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
