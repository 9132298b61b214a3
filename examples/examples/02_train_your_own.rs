//! The whole `train` command for a network of your own. Without `--data` it trains on the bundled handwritten digits;
//! `-- --help` lists what else it can do.
//!
//! cargo run -p effnet-examples --example 02_train_your_own -- --epochs 3

use std::process::ExitCode;

use effnet_runtime::cli::train_main;
use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    /// Small enough to train in seconds.
    pub struct Digits <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [1, 3, 1, 1, 16, 16, fused,  0],
        [2, 3, 2, 4, 16, 24, fused,  0],
        [2, 3, 2, 4, 24, 32, mbconv, 0.25],
    > { num_features: 128, dropout: 0.1, drop_path: 0.1, train_size: 32, eval_size: 32 }
}

fn main() -> ExitCode {
    train_main(Digits::new)
}
