//! Damage to a file, drawn by seed.

use effnet_runtime::random::{Purpose, Stream};

/// Bytes of a tar's blocks; of anything else, a size like any other.
const BLOCK: usize = 512;

/// Values that lengths and offsets are set to.
const EXTREMES: [u64; 10] =
    [0, 1, 511, 513, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX, u64::MAX - 511];

/// A tar header's size field in octal, at its largest, and in other ways that a reader may trip over.
const SIZES: [&[u8; 12]; 7] = [
    b"77777777777\0",
    b"00000000001\0",
    // 16 MiB: as large as files of a data set are.
    b"00100000000\0",
    b"            ",
    b"-0000000001\0",
    b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
];

/// `file` with one to three mutations.
pub(crate) fn mutate(file: &[u8], seed: u64) -> Vec<u8> {
    let draws = Stream::new(seed, Purpose::Bench, 0, 0, 0);
    let mut out = file.to_vec();
    for mutation in 0..1 + draws.below(0, 3) {
        let mut element = 1 + mutation * 16;
        let mut below = |bound: usize| {
            element += 1;
            draws.below(element, bound.max(1) as u64) as usize
        };
        mutate_once(&mut out, &mut below);
    }
    out
}

fn mutate_once(out: &mut Vec<u8>, below: &mut impl FnMut(usize) -> usize) {
    // Half of everything near the beginning, where headers are.
    let limit = if below(2) == 0 { out.len().min(4096) } else { out.len() };
    let at = below(limit);
    let block = at / BLOCK * BLOCK;
    let end = (block + BLOCK).min(out.len());
    match below(10) {
        // Flipped bits.
        0 | 1 => {
            for _ in 0..=below(4) {
                let (at, bit) = (below(limit), below(8));
                out.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
            }
        }
        // Flipped bits of a tar's header, under a checksum that fits.
        2 => {
            for _ in 0..=below(4) {
                let (at, bit) = (block + below(BLOCK), below(8));
                out.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
            }
            seal(out, block);
        }
        // A truncation.
        3 => out.truncate(at),
        // An insertion.
        4 => {
            let (value, count) = (below(256) as u8, 1 + below(600));
            out.splice(at..at, (0..count).map(|n| if value % 2 == 0 { value } else { value.wrapping_mul(n as u8) }));
        }
        // A block twice, or not at all.
        5 => drop(out.splice(block..block, out[block..end].to_vec())),
        6 => drop(out.drain(block..end)),
        // A number of 8 bytes at an extreme: the header's length of a safetensors file, among others.
        7 => {
            let at = if below(2) == 0 { 0 } else { at };
            let value = EXTREMES[below(EXTREMES.len())].to_le_bytes();
            out.iter_mut().skip(at).zip(value).for_each(|(byte, value)| *byte = value);
        }
        // A size field of a tar header; now and then under another kind of entry: a long name, extended headers, a
        // sparse file.
        8 => {
            let size = SIZES[below(SIZES.len())];
            if let Some(header) = out.get_mut(block..block + BLOCK) {
                header[124..136].copy_from_slice(size);
                if below(2) == 0 {
                    header[156] = b"LKxgS05"[below(7)];
                }
            }
            seal(out, block);
        }
        // More digits of a number in text, such as an offset or a dimension in JSON; the length of a safetensors file's
        // header follows.
        _ => {
            let digits: Vec<usize> = (0..limit).filter(|at| out[*at].is_ascii_digit()).collect();
            if let Some(&at) = digits.get(below(digits.len())) {
                let most = [2, 20][below(2)];
                let more = &b"99999999999999999999"[..1 + below(most)];
                out.splice(at..at, more.iter().copied());
                if out.get(8) == Some(&b'{') && at > 8 {
                    let length = u64::from_le_bytes(std::array::from_fn(|byte| out[byte]));
                    out[..8].copy_from_slice(&length.wrapping_add(more.len() as u64).to_le_bytes());
                }
            }
        }
    }
}

/// Makes the checksum of a tar's header fit.
fn seal(out: &mut [u8], block: usize) {
    let Some(header) = out.get_mut(block..block + BLOCK) else { return };
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
