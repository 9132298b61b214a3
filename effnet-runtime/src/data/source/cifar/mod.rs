//! CIFAR-10 and CIFAR-100 in their binary version: files of records without headers, each one or two labels and 3,072
//! bytes, the red, green and blue planes of 32 × 32 pixels (<https://www.cs.toronto.edu/~kriz/cifar.html>).

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use image::{ImageFormat, Rgb, RgbImage};

use super::archive::Archive;
use super::bytes::{Bytes, Place, Stored};
use super::split::list_some;
use super::{Ignored, Source, Split, Validation};
use crate::data::error::Error;
use crate::text::text;

/// A picture's side in pixels.
const SIDE: usize = 32;

/// A picture's length in bytes.
const PICTURE: usize = 3 * SIDE * SIDE;

/// One of the two data sets.
struct Format {
    /// The file that identifies it: its test set.
    test: &'static str,
    train: &'static [&'static str],
    /// The classes' names, one a line.
    names: &'static str,
    /// Label bytes in front of a picture. The last one is the class.
    labels: usize,
}

const FORMATS: [Format; 2] = [
    Format {
        test: "test_batch.bin",
        train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
        names: "batches.meta.txt",
        labels: 1,
    },
    Format { test: "test.bin", train: &["train.bin"], names: "fine_label_names.txt", labels: 2 },
];

/// Files that identify the Python version of either.
const PYTHON: [&[&str]; 2] = [&["batches.meta"], &["meta", "train", "test"]];

/// The data set, divided as it is distributed.
pub(super) struct Cifar {
    origin: String,
    classes: Arc<[String]>,
    train: Vec<Records>,
    val: Records,
}

/// A file of records.
#[derive(Clone)]
struct Records {
    name: String,
    bytes: Arc<Bytes>,
    /// Offset of the file in the bytes.
    offset: u64,
    /// Length of a record in bytes.
    record: usize,
    labels: Vec<u8>,
}

impl Cifar {
    /// The data set in a folder, if there is one.
    pub(super) fn in_folder(folder: &Path) -> Result<Option<Self>, Error> {
        let origin = folder.display().to_string();
        let Some(format) = FORMATS.iter().find(|format| folder.join(format.test).is_file()) else {
            let python = PYTHON.iter().any(|files| files.iter().all(|name| folder.join(name).is_file()));
            return if python { Err(python_version(&origin, "folder")) } else { Ok(None) };
        };
        let find = |name: &str| {
            let path = folder.join(name);
            if !path.is_file() {
                return Ok(None);
            }
            let name = path.display().to_string();
            let open = || {
                let file = File::open(&path)?;
                let length = file.metadata()?.len();
                Ok((Arc::new(Bytes::File(file)), Place { offset: 0, length }))
            };
            open().map(|(bytes, place)| Some((name.clone(), bytes, place))).map_err(|e| Error::file_error(name, e))
        };
        Self::new(&origin, format, find).map(Some)
    }

    /// The data set in a tar, if it is one of those distributed; else the tar itself.
    pub(super) fn in_archive(archive: Archive) -> Result<Result<Self, Archive>, Error> {
        let Some((format, prefix)) = prefix(&archive) else {
            let has = |folder: &str, name: &str| {
                let mut files = archive.entries.iter().filter(|entry| entry.stored.is_some());
                files.any(|entry| entry.path.strip_prefix(folder).is_some_and(|path| path == name))
            };
            let python = [("cifar-10-batches-py/", PYTHON[0]), ("cifar-100-python/", PYTHON[1])];
            let python = python.iter().any(|(folder, files)| files.iter().all(|name| has(folder, name)));
            return if python { Err(python_version(&archive.origin, "file")) } else { Ok(Err(archive)) };
        };
        let Archive { origin, bytes, entries, .. } = archive;
        let bytes = Arc::new(bytes);
        let find = |name: &str| {
            let path = format!("{prefix}{name}");
            let entry = entries.iter().find(|entry| entry.path == path);
            let place = entry.and_then(|entry| match entry.stored {
                Some(Stored::Whole(place)) => Some(place),
                _ => None,
            });
            Ok(place.map(|place| (format!("{origin}:{path}"), bytes.clone(), place)))
        };
        Self::new(&origin, format, find).map(Ok)
    }

    fn new(
        origin: &str,
        format: &Format,
        find: impl Fn(&str) -> Result<Option<(String, Arc<Bytes>, Place)>, Error>,
    ) -> Result<Self, Error> {
        let need = |name: &str| {
            find(name)?.ok_or_else(|| {
                Error::layout(origin, format!("lacks {name}, which belongs to this data set: unpack it again"))
            })
        };
        let (name, bytes, place) = need(format.names)?;
        let names = bytes.read_place(place).map_err(|error| Error::file_error(name.clone(), error))?;
        let names = text(&names).map_err(|reason| Error::layout(&name, reason))?;
        let classes: Arc<[String]> =
            names.lines().map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
        let open = |name: &str| {
            let (name, bytes, place) = need(name)?;
            Records::open(name, bytes, place, format.labels, &classes)
        };
        let train = format.train.iter().map(|name| open(name)).collect::<Result<_, _>>()?;
        let val = open(format.test)?;
        Ok(Self { origin: origin.to_owned(), classes, train, val })
    }

    pub(super) fn split(self, validation: Validation) -> Result<Split, Error> {
        if matches!(validation, Validation::Fraction(_)) {
            return Err(Error::layout(&self.origin, "has a test set of its own: leave out --val-fraction"));
        }
        let part = |files| Arc::new(Part { classes: self.classes.clone(), files });
        Ok(Split {
            train: part(self.train),
            val: part(vec![self.val]),
            val_fraction: None,
            ignored: Ignored::default(),
        })
    }

    pub(super) fn whole(self) -> Arc<dyn Source> {
        let mut files = self.train;
        files.push(self.val);
        Arc::new(Part { classes: self.classes, files })
    }
}

fn python_version(origin: &str, what: &str) -> Error {
    let reason = format!("is CIFAR in its Python version: download the binary version, and give that {what}");
    Error::layout(origin, reason)
}

/// The data set in a tar, and its folder's path, which ends with `/`.
fn prefix(archive: &Archive) -> Option<(&'static Format, String)> {
    FORMATS.iter().find_map(|format| {
        let of = |entry: &super::archive::Entry| {
            let prefix = entry.path.strip_suffix(format.test)?;
            (prefix.is_empty() || prefix.ends_with('/')).then(|| (format, prefix.to_owned()))
        };
        let found = archive.entries.iter().find_map(of)?;
        archive.entries.iter().any(|entry| entry.path == format!("{}{}", found.1, format.train[0])).then_some(found)
    })
}

impl Records {
    /// Reads the labels.
    fn open(
        name: String,
        bytes: Arc<Bytes>,
        place: Place,
        label_bytes: usize,
        classes: &[String],
    ) -> Result<Self, Error> {
        let record = label_bytes + PICTURE;
        let (count, rest) = (place.length / record as u64, place.length % record as u64);
        if rest != 0 {
            let reason = format!("ends within record {count}: it was cut off, unpack it again");
            return Err(Error::layout(&name, reason));
        }
        if count == 0 {
            return Err(Error::layout(&name, "is empty: unpack it again"));
        }
        let mut labels = Vec::with_capacity(count as usize);
        for number in 0..count {
            let at = Place { offset: place.offset + number * record as u64, length: label_bytes as u64 };
            let read = bytes.read_place(at).map_err(|error| Error::file_error(name.clone(), error))?;
            let label = read[label_bytes - 1];
            if usize::from(label) >= classes.len() {
                let (most, some) = (classes.len(), classes.iter().map(String::as_str).collect::<Vec<_>>());
                let reason = format!(
                    "has the label {label} in record {number}, and there are {most} classes ({}): unpack it again",
                    list_some(&some)
                );
                return Err(Error::layout(&name, reason));
            }
            labels.push(label);
        }
        Ok(Self { name, bytes, offset: place.offset, record, labels })
    }
}

/// The pictures of some files. Sample ids count through the files in their order.
struct Part {
    classes: Arc<[String]>,
    files: Vec<Records>,
}

impl Part {
    /// The file that holds a sample, and the number of the sample's record in it.
    fn find(&self, index: usize) -> (&Records, usize) {
        let mut number = index;
        for file in &self.files {
            match number.checked_sub(file.labels.len()) {
                None => return (file, number),
                Some(rest) => number = rest,
            }
        }
        panic!("sample {index} of {}", self.len());
    }
}

impl Source for Part {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn len(&self) -> usize {
        self.files.iter().map(|file| file.labels.len()).sum()
    }

    fn label(&self, index: usize) -> usize {
        let (file, number) = self.find(index);
        usize::from(file.labels[number])
    }

    fn name(&self, index: usize) -> String {
        let (file, number) = self.find(index);
        format!("{}, record {number}", file.name)
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        let mut encoded = std::io::Cursor::new(Vec::new());
        let written = self.image(index)?.write_to(&mut encoded, ImageFormat::Png);
        written.map_err(|error| Error::image(&self.name(index), error))?;
        Ok(encoded.into_inner())
    }

    fn image(&self, index: usize) -> Result<RgbImage, Error> {
        let (file, number) = self.find(index);
        let offset = file.offset + ((number + 1) * file.record - PICTURE) as u64;
        let planes = file.bytes.read_place(Place { offset, length: PICTURE as u64 });
        let planes = planes.map_err(|error| Error::file_error(self.name(index), error))?;
        Ok(RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
            let at = y as usize * SIDE + x as usize;
            Rgb([planes[at], planes[SIDE * SIDE + at], planes[2 * SIDE * SIDE + at]])
        }))
    }
}
