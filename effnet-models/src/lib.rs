//! effnet-models
