//! The environment variables that say how to compute: the kernels' own, and cuDNN's.
//!
//! A value that means nothing has no effect, and is reported through `tracing`, where a library needs the variable; a
//! program asks [`check`] before its work begins, as the commands do.

pub use effnet_kernels::environment::BadVariable;
use effnet_kernels::environment::read;
use effnet_kernels::simd::Level;
use effnet_kernels::threads;

/// Environment variable that leaves cuDNN out of a build that has it: `off`.
pub const CUDNN_VARIABLE: &str = "EFFNET_CUDNN";

/// Whether every variable that is set has a value that means something.
///
/// # Errors
/// When a variable has no such value: the first one.
pub fn check() -> Result<(), BadVariable> {
    threads::asked()?;
    Level::asked()?;
    cudnn()?;
    Ok(())
}

/// Whether [`CUDNN_VARIABLE`] leaves cuDNN on.
pub fn cudnn() -> Result<Option<bool>, BadVariable> {
    read(
        CUDNN_VARIABLE,
        || "on or off".to_owned(),
        |value| match value {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        },
    )
}
