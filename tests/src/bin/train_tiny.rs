//! The `train` command for a network of a user's own, as `train_command` tests it.
//!
//! With `SIGNAL_AT=17:KILL` in its environment, the process sends itself that signal when 17 steps are done and the next
//! has begun, so that a test can stop a run at a step of its choice.

use std::process::{Command, ExitCode};

use effnet_runtime::candle::{Result, Tensor};
use effnet_runtime::{Core, Network, Pass, efficientnet_v2};

efficientnet_v2! {
    /// One block of each kind.
    pub struct Tiny <
        [1, 3, 2, 1, 8, 8, fused, 0],
        [1, 3, 2, 2, 8, 16, fused, 0],
        [2, 3, 1, 2, 16, 16, mbconv, 0.25],
    > { num_features: 32, train_size: 16, eval_size: 16 }
}

/// The network, and when which signal is sent.
struct Signalling {
    network: Tiny,
    signal: Option<(u64, String)>,
}

impl Network for Signalling {
    fn core(&self) -> &Core {
        self.network.core()
    }

    fn run(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        if let (Some((at, name)), Pass::Train(step)) = (&self.signal, pass)
            && step.step == *at
        {
            Command::new("kill").args([&format!("-{name}"), &std::process::id().to_string()]).status()?;
        }
        self.network.run(images, pass)
    }

    fn embeddings(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        self.network.embeddings(images, pass)
    }

    fn stage_maps(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Vec<Tensor>> {
        self.network.stage_maps(images, pass)
    }
}

fn main() -> ExitCode {
    let said = std::env::var("SIGNAL_AT").ok();
    let signal = said.as_deref().and_then(|said| said.split_once(':'));
    let signal = signal.and_then(|(at, name)| Some((at.parse().ok()?, name.to_owned())));
    effnet_runtime::cli::train_main(|classes, vb| {
        Ok(Signalling { network: Tiny::new(classes, vb)?, signal: signal.clone() })
    })
}
