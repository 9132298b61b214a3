use std::collections::BTreeMap;
use std::io::Read;

use super::{decode, fixtures, is_as, ppm, says};

/// The files of an archive by their names.
fn unpack(archive: &str) -> BTreeMap<String, Vec<u8>> {
    let packed = std::fs::File::open(fixtures().join(archive)).unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    let file = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().display().to_string(), bytes)
    };
    tar.entries().unwrap().map(file).collect()
}

/// Names and bytes of pictures that cameras, editors and the web make differently from Pillow.
pub(super) fn strangers() -> impl Iterator<Item = (String, Vec<u8>)> {
    unpack("strangers.tar.gz").into_iter().filter(|(name, _)| is_picture(name))
}

/// Whether a file of an archive is a picture that has a reference.
fn is_picture(name: &str) -> bool {
    !name.ends_with(".ppm") && !name.starts_with("refused")
}

/// Decodes the pictures of an archive and compares each with the reference that `reference` names.
fn assert_as_pillow(archive: &str, count: usize, reference: impl Fn(&str) -> String) {
    let files = unpack(archive);
    let pictures: Vec<&String> = files.keys().filter(|name| is_picture(name)).collect();
    assert_eq!(pictures.len(), count);
    let wrong = |name: &&String| match decode(&files[*name], name) {
        Ok(image) => !is_as(name, &image, &ppm(&files[&reference(name)])),
        Err(error) => {
            println!("{error}");
            true
        }
    };
    let wrong: Vec<&String> = pictures.into_iter().filter(wrong).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Covers 12 samplings, interleaved, in a scan for each component, in two scans and progressive; without restart
/// markers, with one each row and with one every two blocks.
#[test]
fn a_jpeg_of_any_sampling_in_any_scans_is_what_pillow_shows() {
    let sampling = |name: &str| format!("{}.ppm", name.split('/').next().unwrap_or_default());
    assert_as_pillow("scans.tar.gz", 12 * 4 * 3, sampling);
}

#[test]
fn pictures_of_cameras_editors_and_the_web_are_what_pillow_shows() {
    assert_as_pillow("strangers.tar.gz", 63, |name| format!("{name}.ppm"));
}

#[test]
fn what_is_not_supported_is_called_so() {
    let mut refused = 0;
    for (name, bytes) in unpack("strangers.tar.gz") {
        let Some(kind) = name.strip_prefix("refused/").and_then(|name| name.strip_suffix(".jpg")) else { continue };
        let kind = kind.strip_suffix(", progressive").unwrap_or(kind);
        let message = says(&bytes);
        assert_eq!(message, format!("cannot decode a/b.png: this kind of JPEG is not supported ({kind}): convert it"));
        refused += 1;
    }
    assert_eq!(refused, 7);
    let scans = &unpack("scans.tar.gz")["refused.jpg"];
    assert!(says(scans).contains("is not supported (sampling factors 4x2, 2x1, 1x2 in scans of their own)"));
}
