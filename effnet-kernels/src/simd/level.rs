//! The level that kernels run at, chosen once.

use std::cell::Cell;
use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use super::arch::Neon;
use super::arch::{Arch, FEWEST_LANES, Kernel, MOST_LANES, Plain, Vector};
#[cfg(target_arch = "x86_64")]
use super::arch::{Avx2, Avx512, Avx512Bf16};
use crate::Precision;
use crate::environment::{self, BadVariable};
use crate::optimisation::warn_of_slow_kernels;

/// Environment variable that forces the level down: `portable`, `neon`, `avx2`, `avx512` or `avx512_bf16`.
pub const LEVEL_VARIABLE: &str = "EFFNET_SIMD";

/// A level for tests, with twice as many lanes as any machine's: what kernels assume of lanes shows. Under Miri a quarter
/// of them, since it interprets each lane on its own.
#[cfg(test)]
type Wide = Plain<{ effnet_guard::cut_for_miri(MOST_LANES, 8) }>;

/// The token of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    #[cfg(test)]
    Wide(Wide),
    Portable(Plain<FEWEST_LANES>),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16(Avx512Bf16),
}

/// A set of CPU instructions that this machine has: a value holds the token that proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Token);

/// A level's constants.
struct Facts {
    name: &'static str,
    lanes: usize,
    tile_rows: [usize; 3],
}

impl Facts {
    const fn of<A: Arch>(name: &'static str) -> Self {
        const {
            let lanes = A::V::LANES;
            assert!(lanes.is_power_of_two() && FEWEST_LANES <= lanes && lanes <= MOST_LANES);
            assert!(A::TILE_ROWS[1] <= lanes, "a vector holds a strip's row of an outer product");
            let [one, two, three] = A::TILE_ROWS;
            assert!(one <= 12 && two <= 12 && three <= 8, "the heights that tiles are compiled for");
        }
        Self { name, lanes: A::V::LANES, tile_rows: A::TILE_ROWS }
    }
}

thread_local! {
    static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
}

/// Runs `f` on this thread with `level` for [`Level::current`]: tests go through every level of the machine by it.
pub fn with_level<R>(level: Level, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Level>);
    impl Drop for Restore {
        fn drop(&mut self) {
            FORCED.set(self.0);
        }
    }
    let _restore = Restore(FORCED.replace(Some(level)));
    f()
}

impl Level {
    /// All levels of this machine, lowest first.
    pub fn available() -> Vec<Level> {
        let levels = [
            #[cfg(test)]
            Some(Token::Wide(Plain)),
            Some(Token::Portable(Plain)),
            #[cfg(target_arch = "aarch64")]
            Neon::detect().map(Token::Neon),
            #[cfg(target_arch = "x86_64")]
            Avx2::detect().map(Token::Avx2),
            #[cfg(target_arch = "x86_64")]
            Avx512::detect().map(Token::Avx512),
            #[cfg(target_arch = "x86_64")]
            Avx512Bf16::detect().map(Token::Avx512Bf16),
        ];
        levels.into_iter().flatten().map(Self).collect()
    }

    /// The level of this process: the machine's highest, or what [`LEVEL_VARIABLE`] forces it down to. A variable that
    /// names no level of this machine has no effect but a warning.
    pub fn current() -> Level {
        if let Some(level) = FORCED.get() {
            return level;
        }
        static CURRENT: OnceLock<Level> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let levels = Level::available();
            let highest = levels[levels.len() - 1];
            let level = environment::or_warn(Level::asked()).unwrap_or(highest);
            warn_of_slow_kernels();
            tracing::debug!("CPU kernels run at level {}", level.name());
            level
        })
    }

    /// The level that [`LEVEL_VARIABLE`] names; none where it is not set.
    ///
    /// # Errors
    /// When this machine has no level of that name.
    pub fn asked() -> Result<Option<Level>, BadVariable> {
        let levels = Level::available();
        let legal = || {
            let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
            format!("a level that this machine has ({})", names.join(", "))
        };
        environment::read(LEVEL_VARIABLE, legal, |value| levels.iter().copied().find(|level| level.name() == value))
    }

    fn facts(self) -> Facts {
        match self.0 {
            #[cfg(test)]
            Token::Wide(_) => Facts::of::<Wide>("wide"),
            Token::Portable(_) => Facts::of::<Plain<FEWEST_LANES>>("portable"),
            #[cfg(target_arch = "aarch64")]
            Token::Neon(_) => Facts::of::<Neon>("neon"),
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) => Facts::of::<Avx2>("avx2"),
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(_) => Facts::of::<Avx512>("avx512"),
            #[cfg(target_arch = "x86_64")]
            Token::Avx512Bf16(_) => Facts::of::<Avx512Bf16>("avx512_bf16"),
        }
    }

    /// `portable`, `neon`, `avx2`, `avx512` or `avx512_bf16`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Floats in a vector of this level.
    pub fn lanes(self) -> usize {
        self.facts().lanes
    }

    /// [`Arch::TILE_ROWS`] of this level, for tiles of so many vectors.
    pub fn tile_rows(self, vectors: usize) -> usize {
        self.facts().tile_rows[vectors - 1]
    }

    /// Runs a kernel's instance for this level.
    #[inline]
    pub fn run(self, kernel: impl Kernel) {
        match self.0 {
            #[cfg(test)]
            Token::Wide(arch) => arch.outline(kernel),
            Token::Portable(arch) => arch.outline(kernel),
            #[cfg(target_arch = "aarch64")]
            Token::Neon(arch) => arch.outline(kernel),
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(arch) => arch.outline(kernel),
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(arch) => arch.outline(kernel),
            #[cfg(target_arch = "x86_64")]
            Token::Avx512Bf16(arch) => arch.base().outline(kernel),
        }
    }

    /// [`Level::run`] for a kernel that uses [`Arch::dot_pairs`], [`Arch::dot_shorts`] or [`Arch::narrow`], or whose
    /// results such a kernel reads, so that [`Arch::silu`] may be coarse. Others use [`Level::run`], for which no fourth
    /// instance is compiled.
    #[inline]
    pub fn run_pairs(self, kernel: impl Kernel) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Token::Avx512Bf16(arch) => arch.outline(kernel),
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

    /// Whether the machine multiplies bf16 numbers, faster than those of f32.
    pub fn has_bf16(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return matches!(self.0, Token::Avx512Bf16(_));
        #[cfg(not(target_arch = "x86_64"))]
        false
    }
}

#[cfg(test)]
impl Level {
    /// Largest error of [`Arch::silu`] in [`Level::run_in`] beyond a rounding, relative to its argument.
    pub(crate) fn silu_error(self, precision: Precision) -> f64 {
        #[cfg(target_arch = "x86_64")]
        if self.has_bf16() && precision == Precision::Bf16 {
            return super::arch::COARSE_SILU_ERROR;
        }
        let _ = precision;
        0.0
    }
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
