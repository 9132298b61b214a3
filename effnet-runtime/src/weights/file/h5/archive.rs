//! The archive that `model.save("….keras")` writes: an HDF5 file of weights, and a description of the model.

use std::fs::File;
use std::io::{self, BufReader, Read};

use serde::Deserialize;
use zip::CompressionMethod;
use zip::read::ZipFile;

use super::names::Layers;
use crate::weights::file::{Problem, directory};

/// The weights' entry.
const WEIGHTS: &str = "model.weights.h5";

/// The description's entry.
const CONFIG: &str = "config.json";

/// Place of the weights in an archive, and what the description beside them says.
pub(super) struct Model {
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) layers: Layers,
}

/// The model in a file of `length` bytes, if it is an archive that holds one. Reads the weights once, for their checksum.
pub(super) fn model(file: &File, length: u64) -> Result<Option<Model>, Problem> {
    let mut zip = directory::open(file.try_clone()?, length)?;
    let Some(index) = zip.index_for_name(WEIGHTS) else { return Ok(None) };
    // The reader of stored entries knows no other: the method is told by the raw one.
    let method = zip.by_index_raw(index).map_err(unreadable)?.compression();
    if method != CompressionMethod::Stored {
        return Err(Problem::NotWeights(format!(
            "`{WEIGHTS}` in it is compressed ({method}), as Keras does not write it: unpack the archive, and open that file"
        )));
    }
    let mut entry = zip.by_index(index).map_err(unreadable)?;
    let start = entry.data_start().unwrap_or(length);
    let size = entry.size();
    if start.checked_add(size).is_none_or(|end| end > length) {
        return Err(Problem::Damaged(format!(
            "`{WEIGHTS}` in it should have {size} bytes, and the archive ends before"
        )));
    }
    io::copy(&mut entry, &mut io::sink())?;
    drop(entry);
    let layers = match zip.by_name(CONFIG) {
        Ok(entry) => described(entry, length)?,
        Err(_) => Layers::default(),
    };
    Ok(Some(Model { start, length: size, layers }))
}

fn unreadable(error: zip::result::ZipError) -> Problem {
    Problem::Damaged(format!("`{WEIGHTS}` in its archive cannot be read ({error})"))
}

/// A model, or a layer, as Keras describes it.
#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    class_name: String,
    #[serde(default)]
    config: Config,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    name: String,
    #[serde(default)]
    layers: Vec<Described>,
}

/// The names of the layers in a description.
fn described(entry: ZipFile<'_, BufReader<File>>, length: u64) -> Result<Layers, Problem> {
    let text = BufReader::new(entry.take(length));
    let model: Described = serde_json::from_reader(text)
        .map_err(|error| Problem::Damaged(format!("`{CONFIG}` in its archive describes no model ({error})")))?;
    Ok(layers(model.config.layers))
}

fn layers(described: Vec<Described>) -> Layers {
    let mut layers = Layers::default();
    for Described { class_name, config } in described {
        layers.add(&class_name, config.name, self::layers(config.layers));
    }
    layers
}
