//! The device to compute on, by its name.

#[cfg(feature = "cuda")]
mod cuda;

use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{Device, DeviceLocation};
use effnet_kernels::Precision;

use crate::backend;

/// A device to compute on.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The device.
    pub device: Device,
    /// Why `auto` chose the CPU: the second half of a sentence, such as `the driver reports no GPU`.
    pub instead: Option<String>,
}

/// Why there is no such device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No device has this name.
    #[error("there is no device `{0}`: say auto, cpu, cuda, or cuda:N for the GPU of number N")]
    Unknown(String),
    /// The device was asked for, and is not available.
    #[error("--device {name}: {why}")]
    Unavailable {
        /// The name that was asked for.
        name: String,
        /// The reason: what is missing, and what to do about it.
        why: String,
    },
}

/// The device of a program whose user names none: `auto` in a build with the feature `cuda`, else `cpu`.
pub const DEFAULT: &str = if cfg!(feature = "cuda") { "auto" } else { "cpu" };

/// The name of a device for [`open`]: `cpu`, or `cuda:N`.
///
/// ```
/// use effnet_runtime::device;
///
/// assert_eq!(device::name(&device::open("cpu")?.device), "cpu");
/// # Ok::<(), device::DeviceError>(())
/// ```
pub fn name(device: &Device) -> String {
    match device.location() {
        DeviceLocation::Cpu => "cpu".to_owned(),
        DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    }
}

/// The device called `name`: `cpu`, `cuda`, `cuda:N`, or `auto`, which is `cuda` where that works, else the CPU. `cuda` is the
/// first GPU, or that of this process's rank on its host ([`set_local_rank`]). A GPU is opened once: every call for it returns the same device.
///
/// # Errors
/// When no device has this name, or the GPU asked for is not available.
///
/// ```
/// use effnet_runtime::device;
///
/// assert!(device::open("cpu")?.device.is_cpu());
/// assert!(device::open("tpu").is_err());
/// # Ok::<(), device::DeviceError>(())
/// ```
pub fn open(name: &str) -> Result<Chosen, DeviceError> {
    let cpu = |instead| Chosen { device: Device::Cpu, instead };
    match name {
        "cpu" => Ok(cpu(None)),
        "auto" => match own_gpu() {
            Ok(device) => Ok(Chosen { device, instead: None }),
            Err(why) => Ok(cpu(Some(why))),
        },
        _ => {
            let opened = match name {
                "cuda" => own_gpu(),
                _ => gpu(ordinal(name).ok_or_else(|| DeviceError::Unknown(name.to_owned()))?),
            };
            let device = opened.map_err(|why| DeviceError::Unavailable { name: name.to_owned(), why })?;
            Ok(Chosen { device, instead: None })
        }
    }
}

/// Whether a network computes its activations there in a number format.
pub fn supports(device: &Device, precision: Precision) -> bool {
    backend::supports(device, precision)
}

/// Whether the engine ([`crate::infer`]) computes there. Elsewhere a network itself makes logits.
pub fn has_engine(device: &Device) -> bool {
    backend::is_host(device)
}

/// The number of the GPU in a device's name.
fn ordinal(name: &str) -> Option<usize> {
    name.strip_prefix("cuda:")?.parse().ok()
}

static LOCAL_RANK: AtomicUsize = AtomicUsize::new(0);

/// Says which of its host's ranks this process is, from 0: the GPU of this number is its own, or the only one that it sees,
/// where the launcher has shown each rank one.
pub fn set_local_rank(rank: usize) {
    LOCAL_RANK.store(rank, Ordering::Relaxed);
}

fn own_gpu() -> Result<Device, String> {
    let rank = LOCAL_RANK.load(Ordering::Relaxed);
    gpu(if rank > 0 && gpus()? == 1 { 0 } else { rank })
}

#[cfg(feature = "cuda")]
use cuda::{gpu, gpus};

#[cfg(not(feature = "cuda"))]
fn gpus() -> Result<usize, String> {
    Ok(0)
}

#[cfg(not(feature = "cuda"))]
fn gpu(_: usize) -> Result<Device, String> {
    Err("this build of effnet has no CUDA support; add `--features cuda` to the cargo command that builds it"
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert_eq!(ordinal("cuda:3"), Some(3));
        for name in ["cuda:", "cuda3", "cuda:-1", "cuda:x", "CUDA", "gpu", ""] {
            assert_eq!(ordinal(name), None, "{name}");
            let error = open(name).unwrap_err();
            assert_eq!(error, DeviceError::Unknown(name.to_owned()));
            assert!(error.to_string().contains("say auto, cpu, cuda"), "{error}");
        }
    }

    #[test]
    fn the_cpu_has_the_engine_and_no_activations_in_bf16() {
        assert!(has_engine(&Device::Cpu));
        assert!(supports(&Device::Cpu, Precision::F32) && !supports(&Device::Cpu, Precision::Bf16));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn without_the_feature_auto_is_the_cpu_and_says_why() {
        let chosen = open("auto").unwrap();
        assert!(chosen.device.is_cpu());
        assert!(chosen.instead.unwrap().contains("--features cuda"));
        let error = open("cuda:1").unwrap_err().to_string();
        assert!(error.contains("--device cuda:1") && error.contains("--features cuda"), "{error}");
    }
}
