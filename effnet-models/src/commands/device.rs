//! `--device`, `--precision` and `--threads`, which several commands share.

use anyhow::Result;
use clap::{Args, ValueEnum};
use effnet_runtime::Precision;
use effnet_runtime::candle::Device;
use effnet_runtime::cli;
use effnet_runtime::device::{self, Chosen};

use super::threads::Threads;

/// The device to compute on, the number format, and the threads.
#[derive(Args, Clone, Debug)]
pub(super) struct Place {
    /// The device that computes: cpu, cuda, cuda:N, or auto, which is a GPU where one works
    #[arg(long, value_name = "DEVICE", default_value = device::DEFAULT)]
    device: String,
    /// Number format of the activations on a GPU, and of what matrix products multiply on the CPU
    #[arg(long, value_enum, default_value_t = Format::F32)]
    precision: Format,
    #[command(flatten)]
    pub(super) threads: Threads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// 32-bit floats
    F32,
    /// bfloat16, with sums in 32 bits: for GPUs, and CPUs with AVX512-BF16
    Bf16,
}

impl Place {
    /// Opens the device; where `auto` falls back to the CPU, says why on standard error.
    pub(super) fn open(&self) -> Result<Device> {
        let Chosen { device, instead } = device::open(&self.device)?;
        if let Some(why) = instead {
            cli::warn(format_args!("on the CPU, though --device {} may be a GPU: {why}", self.device));
        }
        Ok(device)
    }

    /// The number format.
    pub(super) fn precision(&self) -> Precision {
        match self.precision {
            Format::F32 => Precision::F32,
            Format::Bf16 => Precision::Bf16,
        }
    }
}
