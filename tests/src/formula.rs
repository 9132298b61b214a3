//! Weights and images that a formula gives, those of `tests/family/logits.py` to the bit.

use std::collections::HashMap;

use effnet_runtime::candle::{Device, Result, Tensor};
use effnet_runtime::spec::Spec;
use effnet_runtime::weights::Scheme;

/// The digest FNV-1a.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Numbers in -1..1, multiples of 2⁻²³: the upper bits of splitmix64, started at the name's digest.
fn draws(name: &str, count: usize) -> Vec<f32> {
    let mut state = fnv1a(name);
    let mut draws = Vec::with_capacity(count);
    // A plain loop: this crate is compiled without optimisation.
    while draws.len() < count {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        draws.push(((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0);
    }
    draws
}

/// A network's weights under the names of a program of PyTorch's. `squares` are of its batch normalisations, in order: the
/// means of the squares that they are given.
///
/// # Errors
/// When the program has no names for the network, or there are more or fewer normalisations than squares.
pub fn weights(scheme: Scheme, spec: &Spec, classes: usize, squares: &[f32]) -> Result<HashMap<String, Tensor>> {
    let mut norms = 0;
    let mut tensors = HashMap::new();
    let pairs = scheme.pairs(spec).map_err(effnet_runtime::candle::Error::wrap)?;
    for (pair, (_, shape)) in pairs.into_iter().zip(spec.parameters(classes)) {
        let square = squares.get(norms).copied().unwrap_or(f32::NAN);
        norms += usize::from(pair.theirs.ends_with("running_var"));
        tensors.insert(pair.theirs.clone(), tensor(&pair.theirs, &shape, square)?);
    }
    if norms != squares.len() {
        effnet_runtime::candle::bail!("{}: {norms} normalisations, and {} squares", spec.name, squares.len());
    }
    Ok(tensors)
}

/// The tensor that a program calls `name`.
fn tensor(name: &str, shape: &[usize], square: f32) -> Result<Tensor> {
    let (centre, half) = match name.rsplit('.').next() {
        _ if shape.len() > 1 => (0.0, (3.0 / shape[1..].iter().product::<usize>() as f64).sqrt() as f32),
        Some("running_var") => (square, 0.5 * square),
        Some("running_mean") => (0.0, 0.25 * square.sqrt()),
        Some("weight") => (1.0, 0.25),
        _ => (0.0, 0.25),
    };
    around(name, shape, centre, half)
}

/// A batch of images, as a network takes them.
///
/// # Errors
/// When there is no memory for them.
pub fn images(shape: &[usize]) -> Result<Tensor> {
    around("images", shape, 0.0, 1.75)
}

fn around(name: &str, shape: &[usize], centre: f32, half: f32) -> Result<Tensor> {
    let mut values = draws(name, shape.iter().product());
    for value in &mut values {
        *value = centre + half * *value;
    }
    Tensor::from_vec(values, shape, &Device::Cpu)
}
