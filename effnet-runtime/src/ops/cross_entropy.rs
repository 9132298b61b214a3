//! Softmax cross entropy with soft targets.

#[cfg(test)]
mod tests;

use candle_core::{DType, Result, Tensor, bail};

use crate::backend::head::CrossEntropy;
use crate::backend::on_device;
use crate::graph::record;

/// Mean over the batch of `-Σ targets · log softmax(logits)`: a tensor of rank 0.
///
/// `logits` are `[N, C]`, f32, in any layout. `targets` are `[N, C]`, f32, and constant: no gradient reaches them. A
/// row need not sum to 1; see [`smoothed`] for the rows of hard labels.
///
/// The gradient is `(softmax(logits) · Σ targets - targets) / N`.
///
/// # Errors
/// When the shapes differ, the batch or the classes are none, or either tensor is not f32.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (images, classes) = logits.dims2()?;
    if targets.dims() != logits.dims() {
        bail!("cross entropy: logits {:?} and targets {:?} differ in shape", logits.dims(), targets.dims())
    }
    if images == 0 || classes == 0 {
        bail!("cross entropy: there is no mean over logits of shape {:?}", logits.dims())
    }
    if logits.dtype() != DType::F32 || targets.dtype() != DType::F32 {
        bail!("cross entropy: logits {:?} and targets {:?} must be F32", logits.dtype(), targets.dtype())
    }
    on_device!(logits.device(), backend => by(backend, &logits.contiguous()?, &targets.contiguous()?.detach()))
}

fn by(backend: impl CrossEntropy, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (saved, targets) = (logits.detach(), targets.clone());
    let (loss, kept) = backend.cross_entropy(&saved, &targets)?;
    record("cross_entropy", logits, &[], loss, move |grad, _| {
        backend.cross_entropy_gradient(&saved, &targets, &kept, grad).map(Some)
    })
}

/// Targets `[N, classes]` of hard labels under label smoothing (Szegedy et al., *Rethinking the Inception
/// Architecture*, section 7): `1 - smoothing` at the label, and `smoothing / classes` everywhere, the label included,
/// as PyTorch does.
///
/// # Errors
/// When a label is not below `classes`.
pub fn smoothed(labels: &[u32], classes: usize, smoothing: f64) -> Result<Tensor> {
    targets(labels.iter().map(|label| [(*label, 1.0)]), classes, smoothing)
}

/// Targets `[N, classes]` of images that were mixed in pairs: `w · smoothed(label) + (1 − w) · smoothed(partner)` of
/// each label and its partner `(label, w)`, as automl has it, whose loss smooths the mixed labels.
///
/// # Errors
/// When a label is not below `classes`, there are not as many partners as labels, or a weight is not within 0..=1.
pub fn smoothed_pairs(labels: &[u32], partners: &[(u32, f32)], classes: usize, smoothing: f64) -> Result<Tensor> {
    if partners.len() != labels.len() {
        bail!("{} labels have {} partners", labels.len(), partners.len())
    }
    if let Some((_, weight)) = partners.iter().find(|(_, weight)| !(0.0..=1.0).contains(weight)) {
        bail!("a label's weight of {weight} is not within 0..=1")
    }
    let both = |(label, (partner, weight)): (&u32, &(u32, f32))| {
        let weight = f64::from(*weight);
        [(*label, weight), (*partner, 1.0 - weight)]
    };
    targets(labels.iter().zip(partners).map(both), classes, smoothing)
}

/// Rows of `smoothing / classes`, and at each row's labels their share of the rest.
fn targets<const N: usize>(
    labels: impl ExactSizeIterator<Item = [(u32, f64); N]>,
    classes: usize,
    smoothing: f64,
) -> Result<Tensor> {
    let images = labels.len();
    if classes == 0 && images > 0 {
        bail!("{images} labels of 0 classes")
    }
    let everywhere = smoothing / classes as f64;
    let mut rows = vec![everywhere as f32; images * classes];
    for (row, labels) in rows.chunks_exact_mut(classes.max(1)).zip(labels) {
        for (label, _) in labels {
            // A label may stand twice: both shares count, summed before they are rounded.
            let share: f64 = labels.iter().filter(|(other, _)| *other == label).map(|(_, share)| share).sum();
            match row.get_mut(label as usize) {
                Some(target) => *target = (everywhere + share - share * smoothing) as f32,
                None => bail!("label {label} is not one of {classes} classes"),
            }
        }
    }
    Tensor::from_vec(rows, (images, classes), &candle_core::Device::Cpu)
}
