//! Run-time-sized layers.
