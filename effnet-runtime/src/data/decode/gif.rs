//! GIF: a first frame that is larger than its screen.

use std::borrow::Cow;

/// Length of the signature and the logical screen descriptor in bytes.
const SCREEN: usize = 13;

/// The file, its screen grown to fit its first frame. Some encoders write a screen of 0 × 0 pixels; browsers and Pillow
/// let it grow.
pub(super) fn with_grown_screen(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(frame) = first_frame(bytes) else { return Cow::Borrowed(bytes) };
    let number = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    // The frame's left, top, width and height follow its separator; the screen's width and height stand at 6.
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

/// Offset of the first image descriptor, if it is complete.
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
                while let length @ 1.. = *bytes.get(at)? {
                    at += 1 + usize::from(length);
                }
                at += 1;
            }
            _ => return None,
        }
    }
}
