//! Compiles the CUDA kernels, where the feature `cuda` asks for them.

#[cfg(feature = "cuda")]
#[path = "build/kernels.rs"]
mod kernels;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "cuda")]
    if let Err(message) = kernels::compile() {
        // The one form of a message that cargo shows by itself, without a backtrace in front of it.
        println!("cargo::error={}", message.replace('\n', " "));
        std::process::exit(1);
    }
}
