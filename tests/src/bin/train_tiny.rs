//! The `train` command for a network of a user's own, as `train_command` tests it.

use std::process::ExitCode;

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// One block of each kind.
    pub struct Tiny <
        [1, 3, 2, 1, 8, 8, fused, 0],
        [1, 3, 2, 2, 8, 16, fused, 0],
        [2, 3, 1, 2, 16, 16, mbconv, 0.25],
    > { num_features: 32, train_size: 16, eval_size: 16 }
}

fn main() -> ExitCode {
    effnet_runtime::cli::train_main(|classes, vb| Tiny::new(classes, vb))
}
