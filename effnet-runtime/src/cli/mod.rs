//! The `train` command for any network.
