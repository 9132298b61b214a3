//! The word to whoever builds the kernels for debugging.
//!
//! A workspace's profiles reach no crate that depends on it. In the default profile of its user's own crate a kernel's
//! vectors lie in memory, each of their operations is a call, and each access through a pointer is checked.

/// Cargo's `opt-level` of this crate.
const LEVEL: &str = env!("EFFNET_OPT_LEVEL");

/// What a user writes to `Cargo.toml`, as the README has it.
const CURE: &str = "[profile.dev.package.\"*\"]\nopt-level = 3\ndebug-assertions = false\noverflow-checks = false";

/// Says on stderr that kernels which are built this way are slow, and how to build them.
pub(crate) fn warn_of_slow_kernels() {
    // Times of B0's inference by the engine; the last two on a Zen 5.
    let what = match (LEVEL, cfg!(debug_assertions)) {
        ("0", _) => "without optimisation, and take up to 400 times as long",
        ("1", _) => "with little optimisation, and take three times as long",
        (_, true) => "with debug assertions, and take five times as long",
        (_, false) => return,
    };
    eprintln!(
        "warning: effnet's kernels are built {what} as in a release build; build with `--release`, or write this to the \
         Cargo.toml at the root of your workspace:\n{CURE}"
    );
}
