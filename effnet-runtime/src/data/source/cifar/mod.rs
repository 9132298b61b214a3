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
use super::samples::{Sample, Samples, Store};
use super::split::{Least, list_some};
use super::undivided::Divide;
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

/// The folder of either in its Python version, and files that identify it.
const PYTHON: [(&str, &[&str]); 2] =
    [("cifar-10-batches-py/", &["batches.meta"]), ("cifar-100-python/", &["meta", "train", "test"])];

/// The data set, divided as it is distributed.
pub(super) struct Cifar {
    origin: String,
    train: Samples<Records>,
    val: Vec<Sample<Record>>,
}

/// Files of records.
struct Records {
    files: Vec<DataFile>,
    /// Length of a record in bytes.
    length: usize,
}

/// A file of the data set.
struct DataFile {
    name: String,
    bytes: Arc<Bytes>,
    /// Where the file lies in the bytes.
    place: Place,
}

/// A record, by its file's number and its own in the file.
#[derive(Clone, Copy)]
struct Record {
    file: u32,
    number: u32,
}

impl Cifar {
    /// The data set in a folder, if there is one.
    pub(super) fn in_folder(folder: &Path) -> Result<Option<Self>, Error> {
        let origin = folder.display().to_string();
        let has = |name: &str| folder.join(name).is_file();
        let Some(format) = FORMATS.iter().find(|format| has(format.test)) else {
            let is_python = PYTHON.iter().any(|(_, files)| files.iter().all(|name| has(name)));
            return if is_python { Err(python_version(&origin, "folder")) } else { Ok(None) };
        };
        let find = |name: &str| {
            if !has(name) {
                return Ok(None);
            }
            let path = folder.join(name);
            let open = || {
                let file = File::open(&path)?;
                let place = Place { offset: 0, length: file.metadata()?.len() };
                Ok(DataFile { name: path.display().to_string(), bytes: Arc::new(Bytes::File(file)), place })
            };
            open().map(Some).map_err(Error::file_error(path.display()))
        };
        Self::new(origin, format, find).map(Some)
    }

    /// The data set in a tar, if it is one of those distributed; else the tar itself.
    pub(super) fn in_archive(archive: Archive) -> Result<Result<Self, Archive>, Error> {
        let has = |path: &str| archive.entries.iter().any(|entry| entry.stored.is_some() && entry.path == path);
        let found = FORMATS.iter().find_map(|format| {
            let mut prefixes = archive.entries.iter().filter_map(|entry| entry.path.strip_suffix(format.test));
            let prefix = prefixes.find(|prefix| prefix.is_empty() || prefix.ends_with('/'))?;
            has(&format!("{prefix}{}", format.train[0])).then(|| (format, prefix.to_owned()))
        });
        let Some((format, prefix)) = found else {
            let all = |(folder, files): &(&str, &[&str])| files.iter().all(|name| has(&format!("{folder}{name}")));
            let is_python = PYTHON.iter().any(all);
            return if is_python { Err(python_version(&archive.origin, "file")) } else { Ok(Err(archive)) };
        };
        let Archive { origin, bytes, entries, .. } = archive;
        let bytes = Arc::new(bytes);
        let find = |name: &str| {
            let path = format!("{prefix}{name}");
            let stored = entries.iter().find(|entry| entry.path == path).and_then(|entry| entry.stored.as_ref());
            let Some(Stored::Whole(place)) = stored else { return Ok(None) };
            Ok(Some(DataFile { name: format!("{origin}:{path}"), bytes: Arc::clone(&bytes), place: *place }))
        };
        Self::new(origin.clone(), format, find).map(Ok)
    }

    fn new(
        origin: String,
        format: &Format,
        find: impl Fn(&str) -> Result<Option<DataFile>, Error>,
    ) -> Result<Self, Error> {
        let need = |name: &str| {
            find(name)?.ok_or_else(|| {
                Error::layout(&origin, format!("lacks {name}, which belongs to this data set: unpack it again"))
            })
        };
        let DataFile { name, bytes, place } = need(format.names)?;
        let names = bytes.read_place(place).map_err(Error::file_error(&name))?;
        let names = text(&names).map_err(|reason| Error::layout(&name, reason))?;
        let classes: Arc<[String]> =
            names.lines().map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
        let mut records = Records { files: Vec::new(), length: format.labels + PICTURE };
        let mut samples = Vec::new();
        for name in format.train {
            samples.extend(records.add(need(name)?, &classes)?);
        }
        let val = records.add(need(format.test)?, &classes)?;
        Ok(Self { train: Samples { store: Arc::new(records), classes, samples }, val, origin })
    }
}

impl Divide for Cifar {
    fn split(self: Box<Self>, validation: Validation, _: u64, _: Least) -> Result<Split, Error> {
        if matches!(validation, Validation::Fraction(_)) {
            return Err(Error::layout(&self.origin, "has a test set of its own: leave out --val-fraction"));
        }
        let val = Arc::new(self.train.with(self.val));
        Ok(Split { train: Arc::new(self.train), val, val_fraction: None, ignored: Ignored::default() })
    }

    fn whole(mut self: Box<Self>) -> Result<Arc<dyn Source>, Error> {
        self.train.samples.extend(self.val);
        Ok(Arc::new(self.train))
    }
}

fn python_version(origin: &str, what: &str) -> Error {
    let reason = format!("is CIFAR in its Python version: download the binary version, and give that {what}");
    Error::layout(origin, reason)
}

impl Records {
    /// Adds a file; returns its samples.
    fn add(&mut self, found: DataFile, classes: &[String]) -> Result<Vec<Sample<Record>>, Error> {
        let DataFile { name, bytes, place } = &found;
        let (count, rest) = (place.length / self.length as u64, place.length % self.length as u64);
        if rest != 0 {
            let reason = format!("ends within record {count}: it was cut off, unpack it again");
            return Err(Error::layout(name, reason));
        }
        if count == 0 {
            return Err(Error::layout(name, "is empty: unpack it again"));
        }
        let mut samples = Vec::with_capacity(count as usize);
        for number in 0..count {
            // The class stands right in front of the picture.
            let offset = place.offset + (number + 1) * self.length as u64 - PICTURE as u64 - 1;
            let label = bytes.read_place(Place { offset, length: 1 }).map_err(Error::file_error(name))?[0];
            if usize::from(label) >= classes.len() {
                let (most, some) = (classes.len(), list_some(classes));
                let reason = format!(
                    "has the label {label} in record {number}, and there are {most} classes ({some}): unpack it again"
                );
                return Err(Error::layout(name, reason));
            }
            let place = Record { file: self.files.len() as u32, number: number as u32 };
            samples.push(Sample { place, label: u32::from(label) });
        }
        self.files.push(found);
        Ok(samples)
    }
}

impl Store for Records {
    type Place = Record;

    fn name(&self, record: &Record) -> String {
        format!("{}, record {}", self.files[record.file as usize].name, record.number)
    }

    fn read(&self, record: &Record) -> Result<Vec<u8>, Error> {
        let mut encoded = std::io::Cursor::new(Vec::new());
        let written = self.image(record)?.write_to(&mut encoded, ImageFormat::Png);
        written.map_err(|error| Error::image(&self.name(record), error))?;
        Ok(encoded.into_inner())
    }

    fn image(&self, record: &Record) -> Result<RgbImage, Error> {
        let file = &self.files[record.file as usize];
        let offset = file.place.offset + ((record.number as usize + 1) * self.length - PICTURE) as u64;
        let planes = file.bytes.read_place(Place { offset, length: PICTURE as u64 });
        let planes = planes.map_err(Error::file_error(self.name(record)))?;
        Ok(RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
            let at = y as usize * SIDE + x as usize;
            Rgb([planes[at], planes[SIDE * SIDE + at], planes[2 * SIDE * SIDE + at]])
        }))
    }
}
