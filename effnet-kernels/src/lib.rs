//! CPU kernels on slices: operations and the inference engine are made of these.
//!
//! Maps are `[N, H, W, C]`, with or without a border of zeros around each image. Nothing here knows of candle: the crate
//! does not depend on it.
//!
//! # Glossary
//!
//! Meanings of words, here and in the crates above. Where a word has two meanings, a comma parts them.
//!
//! | word | meaning |
//! |---|---|
//! | *kernel* | code that is compiled once for each SIMD level ([`simd::Kernel`]); a convolution's `k × k` weights are a *filter*, and `kernel` is its side only in tables and fields that PyTorch's users know by that name |
//! | *level*, *token* | a set of instructions that this machine has ([`simd::Level`]), and a value that proves it ([`simd::Arch`]) |
//! | *lane*, *vector* | a float of a SIMD register, and the register |
//! | *pixel* | the channels of one place of a map, contiguous in memory |
//! | *line* | pixels next to each other along the width, or a line of a view's rows |
//! | *row* | a run of floats of a matrix: a pixel, a window of one, or a column's weights |
//! | *segment*, *run* | one of the equally long contiguous pieces of a row that is no single piece, and its floats |
//! | *view* | a slice and where rows lie in it ([`view`]) |
//! | *window* | the pixels that a filter sees at one place |
//! | *gather*, *tap* | which pixels of a source each pixel of a destination sees ([`gather`]), and one of these |
//! | *halo* | pixels that a task reads beyond its own area, which its neighbours read too |
//! | *product*, *depth*, *step* | a matrix product ([`gemm`]), the length of the sums (`k` of BLAS), and one summand of them |
//! | *panel* | columns of a product's packed right-hand side, as wide as a tile (`nr` of BLAS) |
//! | *tile* | sums that stay in registers: rows (`mr`) × vectors of a panel; in [`winograd`], 4 × 4 pixels of the output |
//! | *strip* | tiles below each other; in [`outer`], packed floats as wide as a tile is high or wide |
//! | *plane* | in [`winograd`], one of 36 matrices of transformed values; in [`depthwise`], a few channels of all pixels |
//! | *rectangle*, *area*, *cut* | pixels of a map that belong together, those of one task, and how a map is cut into areas ([`cut`]) |
//! | *task*, *job* | a piece of work that one thread does, and all tasks that a pool shares at a time ([`threads`]) |
//! | *part*, *slot* | a share of a sum that is added to others', and where it waits for them |
//! | *pair*, *short* | two numbers of 16 bits in a float's place: bf16, and integers |
//! | *stage*, *block*, *layer* | a row of a table, one of its repeats, and a convolution with its normalisation and activation, or a squeeze-and-excitation |
//! | *chain* | layers that run as one node of candle's graph |
//! | *session* | the memory in which the engine runs images of one size |

#![allow(
    clippy::needless_range_loop,
    reason = "arrays of vectors are walked by loops that unroll to constant indices, and stay in registers"
)]

pub mod activation;
pub mod buffer;
pub mod conv;
pub mod cut;
pub mod depthwise;
pub mod dot;
pub mod environment;
pub mod gates;
pub mod gather;
pub mod gemm;
pub mod narrow;
mod optimisation;
pub mod outer;
mod precision;
pub mod simd;
pub mod threads;
pub mod view;
pub mod window_order;
pub mod winograd;

pub use effnet_spec::{Activation, Gate};
pub use precision::Precision;
