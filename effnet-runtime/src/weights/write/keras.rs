//! Keras's files, which `model.load_weights` opens: those of Keras 3, and those that Keras 2 reads too.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Error as IoError, Result as IoResult};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};

use super::Named;
use crate::dialect::Dialect;
use crate::weights::atomic::write_atomically;
use crate::weights::error::{Error, Result};

/// A layer's variables, in the order in which Keras numbers them.
const VARIABLES: [&str; 9] =
    ["kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "mean", "variance", "count"];

/// The version that a file says. Keras 2 takes one without for its first version's, which stored other layouts.
const VERSION: &str = "3.0.0";

/// Writes tensors as Keras 3's `.weights.h5`, by Keras's names and in its layouts (`stem_conv/kernel`, `[H, W, I, O]`), in
/// the order of the network's layers, of which the file counts those of each class. Its bytes depend on nothing but the
/// arguments. The write is atomic: see [`write_atomically`].
///
/// Keras's first EfficientNet (`block1a_dwconv/kernel`) has the mean and the variance of images among its weights, and opens
/// no file without `normalization/mean`, `/variance` (both `[C]`, of pixels in 0..=1) and `/count` (`[]`).
///
/// # Errors
/// When those are missing, a name is none of Keras's, two tensors have the same name, or the folder is missing or cannot be written to.
pub fn write_keras_weights(path: impl AsRef<Path>, tensors: &[Named]) -> Result<()> {
    write(path.as_ref(), tensors, counted)
}

/// As [`write_keras_weights`], but as the `.h5` of weights that Keras 2 and 3 read by their layers' order or names. Without the
/// mean and variance of images Keras's first EfficientNet opens it by names (`by_name=True`).
///
/// # Errors
/// As [`write_keras_weights`], but for mean and variance.
pub fn write_keras_h5(path: impl AsRef<Path>, tensors: &[Named]) -> Result<()> {
    write(path.as_ref(), tensors, named)
}

/// The mean and variance of images, where Keras has them among a network's weights: its first EfficientNet does.
pub(in super::super) fn images_of_keras(tensors: &[Named], dialect: &Dialect, channels: usize) -> Result<Vec<Named>> {
    if !tensors.iter().any(|tensor| tensor.name.contains("_dwconv/")) {
        return Ok(Vec::new());
    }
    // A table's mean and deviation are one a channel, or one for all.
    let each = |values: &[f64], of: fn(f64) -> f64| -> Result<Tensor> {
        let values: Vec<_> = values.iter().cycle().take(channels).map(|value| of(*value) as f32).collect();
        Ok(Tensor::new(values, &Device::Cpu)?)
    };
    Ok(vec![
        Named::new("normalization/mean", each(&dialect.mean, |mean| mean)?),
        Named::new("normalization/variance", each(&dialect.std, |std| std * std)?),
        Named::new("normalization/count", Tensor::new(0f32, &Device::Cpu)?),
    ])
}

fn write(path: &Path, tensors: &[Named], build: fn(&[Layer<'_>]) -> IoResult<FileBuilder>) -> Result<()> {
    let write = || {
        let file = build(&layers(tensors)?)?;
        write_atomically(path, |target: &mut File| file.finish_to(target).map_err(IoError::other))
    };
    write().map_err(|reason| Error::Unwritable { path: path.to_path_buf(), reason })
}

/// A layer of Keras's with its variables, each with its place in [`VARIABLES`].
struct Layer<'t> {
    name: &'t str,
    variables: Vec<(usize, &'t Tensor)>,
}

impl Layer<'_> {
    /// The name of its class in paths.
    fn class(&self) -> &'static str {
        match self.variables.first() {
            Some((variable, _)) if VARIABLES[*variable] == "gamma" => "batch_normalization",
            Some((variable, _)) if VARIABLES[*variable] == "mean" => "normalization",
            Some((_, kernel)) if kernel.rank() == 2 => "dense",
            _ if self.name.contains("_dwconv") => "depthwise_conv2d",
            _ => "conv2d",
        }
    }
}

/// The layers of tensors, in the order of their first ones.
fn layers(tensors: &[Named]) -> IoResult<Vec<Layer<'_>>> {
    let mut layers: Vec<Layer<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for Named { name, values } in tensors {
        let parts = name.split_once('/').filter(|(layer, _)| !layer.is_empty());
        let known = parts.and_then(|(layer, leaf)| Some((layer, VARIABLES.iter().position(|known| *known == leaf)?)));
        let (layer, variable) = known.ok_or_else(|| IoError::other(format!("`{name}` is no name of Keras's")))?;
        let place = *places.entry(layer).or_insert(layers.len());
        if place == layers.len() {
            layers.push(Layer { name: layer, variables: Vec::new() });
        }
        let variables = &mut layers[place].variables;
        match variables.binary_search_by_key(&variable, |(known, _)| *known) {
            Ok(_) => return Err(IoError::other(format!("two tensors are called `{name}`"))),
            Err(at) => variables.insert(at, (variable, values)),
        }
    }
    Ok(layers)
}

/// `layers/conv2d_3/vars/0`.
fn counted(layers: &[Layer<'_>]) -> IoResult<FileBuilder> {
    if layers.iter().any(|layer| layer.name.ends_with("_dwconv"))
        && !layers.iter().any(|layer| layer.class() == "normalization")
    {
        return Err(IoError::other(
            "Keras's first EfficientNet wants the mean and variance of images in it: write a `.h5`, which it opens with \
             `by_name=True`",
        ));
    }
    let mut file = FileBuilder::new();
    let mut all = file.create_group("layers");
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for layer in layers {
        let class = layer.class();
        let count = counts.entry(class).or_default();
        let mut group = all.create_group(&if *count == 0 { class.to_owned() } else { format!("{class}_{count}") });
        *count += 1;
        let mut variables = group.create_group("vars");
        variables.set_attr("name", AttrValue::VarLenString(layer.name.to_owned()));
        for (number, (_, values)) in layer.variables.iter().enumerate() {
            dataset(&mut variables, &number.to_string(), values)?;
        }
        group.add_group(variables.finish());
        all.add_group(group.finish());
    }
    file.add_group(all.finish());
    Ok(file)
}

/// `stem_conv/stem_conv/kernel`.
fn named(layers: &[Layer<'_>]) -> IoResult<FileBuilder> {
    let mut file = FileBuilder::new();
    let names = layers.iter().map(|layer| layer.name.to_owned()).collect();
    file.set_attr("layer_names", AttrValue::VarLenStringArray(names));
    file.set_attr("backend", AttrValue::VarLenString("tensorflow".to_owned()));
    file.set_attr("keras_version", AttrValue::VarLenString(VERSION.to_owned()));
    for layer in layers {
        let mut group = file.create_group(layer.name);
        let names = layer.variables.iter().map(|(variable, _)| format!("{}/{}", layer.name, VARIABLES[*variable]));
        group.set_attr("weight_names", AttrValue::VarLenStringArray(names.collect()));
        let mut variables = group.create_group(layer.name);
        for (variable, values) in &layer.variables {
            dataset(&mut variables, VARIABLES[*variable], values)?;
        }
        group.add_group(variables.finish());
        file.add_group(group.finish());
    }
    Ok(file)
}

fn dataset(group: &mut GroupBuilder, name: &str, values: &Tensor) -> IoResult<()> {
    let floats = values.flatten_all().and_then(|flat| flat.to_dtype(DType::F32)?.to_vec1::<f32>());
    let shape: Vec<u64> = values.dims().iter().map(|extent| *extent as u64).collect();
    group.create_dataset(name).with_f32_data(&floats.map_err(IoError::other)?).with_shape(&shape);
    Ok(())
}

#[cfg(test)]
mod tests;
