//! Image files to batches.
