//! GIF: a first frame that does not fit its screen.

use std::borrow::Cow;

/// Bytes of the signature and the logical screen descriptor.
const SCREEN: usize = 13;

/// The file with a screen that its first frame fits on. Some encoders write a screen of 0 × 0 pixels; browsers and
/// Pillow let it grow.
pub(super) fn with_grown_screen(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(frame) = first_frame(bytes) else { return Cow::Borrowed(bytes) };
    let number = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    // Left, top, width and height of the frame stand behind its separator; width and height of the screen at 6.
    let needed = [0, 1].map(|axis| number(frame + 1 + 2 * axis).saturating_add(number(frame + 5 + 2 * axis)));
    let screen = [number(6), number(8)];
    if needed[0] <= screen[0] && needed[1] <= screen[1] {
        return Cow::Borrowed(bytes);
    }
    let mut grown = bytes.to_vec();
    for axis in [0, 1] {
        grown[6 + 2 * axis..][..2].copy_from_slice(&needed[axis].max(screen[axis]).to_le_bytes());
    }
    Cow::Owned(grown)
}

/// Where the first image descriptor begins, if it is there whole.
fn first_frame(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(10)?;
    let palette = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = SCREEN + palette;
    loop {
        match bytes.get(at)? {
            b',' => return (at + 10 <= bytes.len()).then_some(at),
            // An extension: its label, then blocks up to an empty one.
            b'!' => {
                at += 2;
                loop {
                    let length = usize::from(*bytes.get(at)?);
                    at += 1 + length;
                    if length == 0 {
                        break;
                    }
                }
            }
            _ => return None,
        }
    }
}
