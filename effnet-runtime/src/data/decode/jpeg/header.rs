use image::metadata::Orientation;

use super::super::orientation;
use super::frame::Frame;
use super::huffman::Tables;
use super::segments::Segments;

/// The most scans that a JPEG may have. Each costs time for the whole picture, however few bytes it has; encoders write
/// a dozen.
const MAX_SCANS: usize = 500;

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Facts that a JPEG states besides its coefficients.
#[derive(Default)]
pub(super) struct Header<'a> {
    pub(super) frame: Option<Frame>,
    /// Number of components in each scan.
    pub(super) scans: Vec<usize>,
    /// Whether a scan needs a Huffman table that no segment defines.
    pub(super) lacks_tables: bool,
    pub(super) is_jfif: bool,
    /// The colour transform that an Adobe segment names.
    pub(super) adobe: Option<u8>,
    exif: Vec<u8>,
    xmp: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads all segments.
    ///
    /// # Errors
    /// The rest of a sentence, if the file ends before the picture does or has more scans than are allowed.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let (mut header, mut tables) = (Self::default(), Tables::default());
        let mut segments = Segments::new(bytes);
        for (marker, body) in &mut segments {
            match marker {
                _ if Frame::is_marker(marker) && header.frame.is_none() => header.frame = Frame::read(marker, body),
                0xc4 => tables.define(body),
                // Start of scan.
                0xda => {
                    header.scans.push(body.first().copied().map_or(0, usize::from));
                    header.lacks_tables |= tables.lack(body);
                }
                0xe0 if body.starts_with(b"JFIF\0") => header.is_jfif = true,
                0xe1 if header.scans.is_empty() => header.read_app1(body),
                0xee if body.starts_with(b"Adobe") => header.adobe = body.get(11).copied(),
                _ => {}
            }
            if header.scans.len() > MAX_SCANS {
                return Err(format!("the JPEG has more than {MAX_SCANS} scans, which is the limit"));
            }
        }
        if !segments.have_ended() {
            return Err("the JPEG is cut off or damaged (it has no end marker)".to_owned());
        }
        Ok(header)
    }

    /// EXIF that is longer than a segment continues in the next.
    fn read_app1(&mut self, body: &'a [u8]) {
        if let Some(exif) = body.strip_prefix(EXIF) {
            self.exif.extend(exif);
        } else if let Some(xmp) = body.strip_prefix(XMP) {
            self.xmp = xmp;
        }
    }

    pub(super) fn orientation(&self) -> Orientation {
        orientation::of(&self.exif, self.xmp)
    }
}
