//! Workspace-wide tests: see `tests/`. What several of them share.

pub mod formula;
