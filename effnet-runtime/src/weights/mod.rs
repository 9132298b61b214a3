//! Weight files: our own, and those of other implementations.
