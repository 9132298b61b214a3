//! The CPU level that kernels run at, chosen once.
//!
//! A kernel is written once, as plain loops over slices that the compiler turns into vector code, and compiled once a
//! level; a level runs the instance that its features are enabled for. A [`Level`] can only be had from
//! [`Level::available`], so holding one proves that the machine supports it.

mod arch;
mod bf16;
mod exp;
mod peak;
mod prefetch;
mod shorts;
mod silu;
mod vector;

use std::sync::OnceLock;

pub use arch::{Arch, Portable};
#[cfg(target_arch = "x86_64")]
use arch::{Avx2, Avx512, Avx512Bf16};
pub use bf16::narrow_pair;
pub use exp::{sigmoid, sigmoid_divisor};
pub use peak::peak_gflops;
pub use prefetch::prefetch;
pub use shorts::shorten_pair;
pub use vector::{FEWEST_LANES, Vector};

use crate::Precision;
use crate::environment;

/// Environment variable that forces the level down: `portable`, `avx2`, `avx512` or `avx512_bf16`.
pub const LEVEL_VARIABLE: &str = "EFFNET_SIMD";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Features {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
}

/// A set of CPU features that this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Features);

/// A kernel: its arguments, and code that is compiled for each level. `run` must be `#[inline(always)]`, else its code
/// is compiled without the level's features.
pub trait Kernel {
    /// The kernel's code.
    fn run<A: Arch>(self);
}

thread_local! {
    static FORCED: std::cell::Cell<Option<Level>> = const { std::cell::Cell::new(None) };
}

/// Runs `f` on this thread with `level` for [`Level::current`]: tests go through every level of the machine by it.
pub fn with_level<R>(level: Level, f: impl FnOnce() -> R) -> R {
    FORCED.set(Some(level));
    let result = f();
    FORCED.set(None);
    result
}

impl Level {
    /// All levels of this machine, lowest first.
    pub fn available() -> Vec<Level> {
        #[allow(unused_mut, reason = "other architectures add nothing")]
        let mut levels = vec![Level(Features::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Level(Features::Avx2));
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                {
                    levels.push(Level(Features::Avx512));
                    if is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512vnni") {
                        levels.push(Level(Features::Avx512Bf16));
                    }
                }
            }
        }
        levels
    }

    /// The level of this process: the machine's highest, or what [`LEVEL_VARIABLE`] forces it down to. A variable that
    /// names no level of this machine has no effect ([`crate::environment`]).
    pub fn current() -> Level {
        if let Some(level) = FORCED.get() {
            return level;
        }
        static CURRENT: OnceLock<Level> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let levels = Level::available();
            let highest = levels[levels.len() - 1];
            let level = environment::or_warn(environment::level()).unwrap_or(highest);
            tracing::info!("CPU kernels run at level {}", level.name());
            level
        })
    }

    /// `portable`, `avx2`, `avx512` or `avx512_bf16`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Features::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Features::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Features::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Features::Avx512Bf16 => "avx512_bf16",
        }
    }

    /// Floats in a vector of this level.
    pub fn lanes(self) -> usize {
        match self.0 {
            Features::Portable => <Portable as Arch>::V::LANES,
            #[cfg(target_arch = "x86_64")]
            Features::Avx2 => <Avx2 as Arch>::V::LANES,
            #[cfg(target_arch = "x86_64")]
            Features::Avx512 | Features::Avx512Bf16 => <Avx512 as Arch>::V::LANES,
        }
    }

    /// [`Arch::TILE_ROWS`] of this level, for tiles of so many vectors.
    pub fn tile_rows(self, vectors: usize) -> usize {
        match self.0 {
            Features::Portable => Portable::TILE_ROWS[vectors - 1],
            #[cfg(target_arch = "x86_64")]
            Features::Avx2 => Avx2::TILE_ROWS[vectors - 1],
            #[cfg(target_arch = "x86_64")]
            Features::Avx512 | Features::Avx512Bf16 => Avx512::TILE_ROWS[vectors - 1],
        }
    }

    /// Runs a kernel's instance for this level.
    #[inline]
    pub fn run(self, kernel: impl Kernel) {
        match self.0 {
            Features::Portable => run_portable(kernel),
            // SAFETY: a `Level` exists only where `available` found its features.
            #[cfg(target_arch = "x86_64")]
            Features::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Features::Avx512 | Features::Avx512Bf16 => unsafe { run_avx512(kernel) },
        }
    }

    /// As [`Level::run`], for a kernel that uses [`Arch::dot_pairs`], [`Arch::dot_shorts`] or [`Arch::narrow`], or whose
    /// results such a kernel reads, so that [`Arch::silu`] may be coarse: all others need no instance more.
    #[inline]
    pub fn run_pairs(self, kernel: impl Kernel) {
        match self.0 {
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Features::Avx512Bf16 => unsafe { run_avx512_bf16(kernel) },
            _ => self.run(kernel),
        }
    }

    /// [`Level::run_pairs`] for numbers in bf16, else [`Level::run`].
    #[inline]
    pub fn run_in(self, precision: Precision, kernel: impl Kernel) {
        match precision {
            Precision::F32 => self.run(kernel),
            Precision::Bf16 => self.run_pairs(kernel),
        }
    }

    /// How far [`Arch::silu`] of [`Level::run_in`] may be from SiLU beyond a rounding, relative to its argument.
    pub fn silu_error(self, precision: Precision) -> f64 {
        if self.has_bf16() && precision == Precision::Bf16 { silu::COARSE } else { 0.0 }
    }

    /// Whether the machine multiplies bf16 numbers, faster than those of f32.
    pub fn has_bf16(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 == Features::Avx512Bf16;
        #[cfg(not(target_arch = "x86_64"))]
        false
    }
}

#[inline(never)]
fn run_portable(kernel: impl Kernel) {
    kernel.run::<Portable>();
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(kernel: impl Kernel) {
    kernel.run::<Avx2>();
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
fn run_avx512(kernel: impl Kernel) {
    kernel.run::<Avx512>();
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx512bf16,avx512vnni,avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
fn run_avx512_bf16(kernel: impl Kernel) {
    kernel.run::<Avx512Bf16>();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where somebody asks for a level, tests do not run at another without a word.
    #[test]
    fn the_level_that_was_asked_for_is_there() {
        if let Ok(name) = std::env::var(LEVEL_VARIABLE) {
            assert_eq!(Level::current().name(), name);
        }
    }
}
