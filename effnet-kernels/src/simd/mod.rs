//! SIMD levels.
//!
//! A kernel is written once, as plain loops over slices and vectors, and compiled once for each level; a level runs the instance
//! that its instructions are enabled for. A [`Level`] can only be had from [`Level::available`], and an [`Arch`] only from a
//! level or a detection: holding one proves that the machine has the instructions.

mod arch;
mod level;
mod peak;
mod prefetch;

#[cfg(target_arch = "aarch64")]
pub use arch::Neon;
pub use arch::pairs::narrow_pair;
pub use arch::sigmoid::{sigmoid, sigmoid_divisor};
pub use arch::{Arch, FEWEST_LANES, Kernel, MOST_LANES, Plain, Unaligned, Vector, lanes_of};
#[cfg(target_arch = "x86_64")]
pub use arch::{Avx2, Avx512, Avx512Bf16};
pub use level::{LEVEL_VARIABLE, Level, with_level};
pub use peak::peak_gflops;
pub use prefetch::prefetch;
