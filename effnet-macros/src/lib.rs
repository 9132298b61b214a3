//! The `efficientnet_v2!` macro. Use it through `effnet-runtime`, which re-exports it.

mod derives;
mod docs;
mod expand;
mod fallback;
mod input;
mod literals;
mod runtime_path;
mod shape;
mod tokens;
mod valid;

use proc_macro2::TokenStream;
use quote::quote;

/// Defines a model of the EfficientNetV2 family by its stage table.
///
/// ```text
/// efficientnet_v2! {
///     attributes
///     visibility struct Name < row, row, … > { setting: value, … }
/// }
/// ```
///
/// Without settings, `;` stands in their place. The shorthand `efficientnet_v2!(< row, … >)` makes a
/// `pub struct EfficientNetV2`. Right after the `!`, Rust allows only `()`, `[]` and `{}`: the table's `< … >` always
/// stands inside one of them. One call makes one model.
///
/// # Rows
///
/// A row is a stage. It is written as eight cells, or as a string in google/automl's block notation:
///
/// ```text
/// // repeats, kernel, stride, expansion, in, out, operator, se_ratio
/// [6, 3, 2, 4, 64, 128, mbconv, 0.25],
/// "r6_k3_s2_e4_i64_o128_se0.25",
/// ```
///
/// | cell | in a string | what | legal |
/// |---|---|---|---|
/// | repeats | `r` | blocks in the stage | 1 and up; 1,000 blocks in all stages together |
/// | kernel | `k` | side of the k×k kernel | 3, 5, 7; of `conv` 1 too |
/// | stride | `s` | of the stage's first block; the others have 1 | 1, 2 |
/// | expansion | `e` | expanded over input channels; with 1, a block has no expand convolution | 1 and up; of `conv` 1 |
/// | in | `i` | channels in: what the row above puts out | 1 and up |
/// | out | `o` | channels out | 1 and up |
/// | operator | `c1`, `c0` or nothing | the block | `fused` or `0`, `mbconv` or `1`, `conv` or `2` |
/// | se_ratio | `se` or nothing | squeezed over input channels; 0 for no squeeze-and-excitation | 0 to 1 |
///
/// (`c1` is fused and `c0` is mbconv, as in automl; the cell's `0` and `1` are the other way round, as in the tables of
/// PyTorch implementations.)
///
/// A fused block puts its squeeze-and-excitation behind the expand convolution or, with expansion 1, on the block's
/// input. A `conv` block is one convolution with batch normalisation and activation; no string names it.
///
/// What a row has besides stands in braces behind the eighth cell:
///
/// ```text
/// [2, 5, 2, _, 24, 40, mbconv, 0.25, { expanded: 72, activation: relu }],
/// ```
///
/// | option | default | what |
/// |---|---|---|
/// | `shortcut` | `true`, of `conv` `false` | whether blocks of stride 1 with as many channels out as in have a shortcut; a string says `_noskip` |
/// | `expanded` | the expansion's | expanded channels, whatever the input's; the cell `expansion` is then `_`, and `width` does not scale them |
/// | `expand_conv` | `false` | with expansion 1: a block has its expand convolution all the same |
/// | `squeezed` | the ratio's | squeezed channels; the cell `se_ratio` is then `_`, and `width` does not scale them |
/// | `activation` | the network's | the blocks' activation |
/// | `project_activation` | `false` | whether the activation follows the projection too |
/// | `same_stage` | `false` | whether the row continues the stage above: its feature map, and timm's names of its blocks |
///
/// # Settings
///
/// | setting | default | what |
/// |---|---|---|
/// | `in_channels` | `3` | channels of an image |
/// | `stem` | the first row's `in` | channels out of the stem; they must be what the first row takes |
/// | `stem_kernel` | `3` | side of the stem's kernel: 1, 3, 5 or 7 |
/// | `num_features` | `1280` | channels of the head's 1×1 convolution |
/// | `head` | `conv` | what stands in front of the classifier: `conv`, a convolution and the mean over pixels; `pooled`, the mean and a convolution without normalisation; `none`, the mean |
/// | `head_bias` | `true` | whether a pooled head's convolution has a bias |
/// | `dropout` | `0.2` | probability of dropping a feature in front of the classifier |
/// | `drop_path` | `0.2` | what the blocks' own rates rise towards: block i of N has `drop_path · i / N` |
/// | `bn_eps`, `bn_momentum` | `1e-3`, `0.1` | batch normalisation, the momentum in PyTorch's sense, at most 0.5 |
/// | `padding` | `symmetric` | or `same`, TensorFlow's |
/// | `activation` | `silu` | or `relu`, `relu6`, `hard_swish` |
/// | `se_gate` | `sigmoid` | or `hard_sigmoid`: what makes the gates of squeeze-and-excitations |
/// | `se_activation` | the block's | inner activation of squeeze-and-excitations |
/// | `se_of` | `input` | or `expanded`, whose share is rounded to a multiple of 8: the channels that `se_ratio` is a share of |
/// | `train_size`, `eval_size` | none | side of an image in pixels |
/// | `mean`, `std` | `0.5` | normalisation of pixels in 0..=1: one number up to 1, or one a channel, `[0.485, 0.456, 0.406]` |
/// | `width`, `depth` | `1` | compound scaling of the table: of channels, the stem's and the head's included, and of repeats, by 0.01 to 100 |
/// | `scale` | `v2` | the rules of scaling: `v2`; `v1`, which rounds no channels down by over 10 %; `lite`, which as `v1` does, and leaves the stem, the head, and the repeats of the first and the last stage |
/// | `depth_rounding` | `up` | or `nearest`: how scaled repeats become whole |
/// | `min_features` | none | the fewest channels of a scaled head (MobileNetV2) |
/// | `fixed_features` | `false` | whether `width` leaves the head's channels (MnasNet) |
/// | `budget` | none | `{ params: 22M, macs: 8.4G, at: 384 }`: limits for 1,000 classes, beyond which the model does not compile; `at` is the image's side, else `eval_size`, `train_size` or 224 |
/// | `crate` | found in Cargo.toml | path to `effnet_runtime`, where it is not a dependency but re-exported by one |
///
/// Padding, `bn_eps`, `mean` and `std` are those of newly initialised weights; a weights file brings its own. The
/// numbers of a budget may carry k, M or G.
///
/// # What the DSL will not say
///
/// The DSL has no words for what stands here. A table that names one of these operators or settings, in timm's words
/// too, is told so:
///
/// - ghost modules (GhostNet; `ghost`, `gh`);
/// - mixed kernels in one convolution (MixNet; a kernel of `[3, 5, 7]`, timm's `k3.5.7`);
/// - conditional convolutions (EfficientNet-CondConv; `cc`);
/// - universal inverted bottlenecks and attention (MobileNetV4; `uir`, `mqa`, `mha`);
/// - other normalisations than batch normalisation: group, layer, evolved (`norm`, `norm_layer`);
/// - group convolutions besides depthwise ones (`groups`, `group_size`), and dilated ones (`dilation`);
/// - convolutions from space to depth, blurred downsampling, global context (timm's `d`, `aa_layer`);
/// - other activations than those of `activation`.
///
/// # What it makes
///
/// It defines at the call site, with the visibility given:
///
/// - `struct Name`, with the attributes given and a table of the architecture in its documentation;
/// - `struct NameFeatures`, the feature maps of the stem and of each stage: `stem: FeatureMap<24>`,
///   `stage_1: FeatureMap<24>`, …; the name is taken then, as `Name` is.
///
/// `Name` has
///
/// - `const SPEC: Spec`, `const PARAMS: usize` (for 1,000 classes), `const DROP_PATH: [f64; BLOCKS]`;
/// - `const fn params(num_classes) -> usize`;
/// - `fn new(num_classes, VarBuilder) -> Result<Self>`;
/// - `fn run(&self, images, &Pass) -> Result<Tensor>`: images `[N, channels, H, W]` to logits `[N, num_classes]`;
/// - `fn features(&self, images, &Pass) -> Result<NameFeatures>`;
/// - `fn features_t(&self, images, train) -> Result<NameFeatures>`: with `train`, in a step of the model's own, as candle's
///   `forward_t`;
/// - `fn eval(&self) -> Eval<'_>`: the model borrowed as a candle `Module`;
/// - the traits `Network`, `Model` and candle's `ModuleT`.
///
/// `#[derive(Clone)]` makes clones that share the weights, as clones of `Params` do: a step of training on one changes the
/// other. What `#[derive(Debug)]` prints has a line for each block. `Copy`, `Default`, `PartialEq`, `Eq`, `PartialOrd`, `Ord`
/// and `Hash` are refused.
///
/// # Mistakes
///
/// All mistakes of a table are reported in one compilation, each at its own token, with what would be legal. They cause
/// no further errors where the model is used. What other programs write is translated: timm's notation
/// (`ir_r2_k3_s2_e6_c24`), a stride of V1's files (`s22`), the papers' and timm's words for operators and settings,
/// `mean` and `std` of pixels in 0..=255, a momentum in TensorFlow's sense.
#[proc_macro]
pub fn efficientnet_v2(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    output(input.into()).into()
}

fn output(input: TokenStream) -> TokenStream {
    let input: input::Input = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let refused = input.refused.errors();
    let items = match valid::validate(input) {
        Ok(model) => expand::expand(&model),
        Err(invalid) => fallback::expand(&invalid),
    };
    quote!(#refused #items)
}

#[cfg(test)]
mod output_tests;
