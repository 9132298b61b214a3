//! Numbered examples: see `examples/`.
