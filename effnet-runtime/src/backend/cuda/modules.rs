//! The compiled kernels.

/// One operation's kernels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Module {
    /// Its folder's name.
    pub name: &'static str,
    /// The PTX that nvcc made of its `op.cu`; the driver compiles it when it is first used.
    pub ptx: &'static str,
}

/// The modules, by the names of their folders in capitals.
pub(crate) mod ptx {
    use super::Module;

    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}
