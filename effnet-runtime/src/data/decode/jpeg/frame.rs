/// Facts that a JPEG's frame header states about the picture.
pub(super) struct Frame {
    /// The header's marker, which identifies the coding process.
    pub(super) marker: u8,
    /// Bits a sample.
    precision: u8,
    pub(super) height: u16,
    pub(super) width: u16,
    pub(super) components: Vec<Component>,
}

/// A colour plane.
pub(super) struct Component {
    pub(super) id: u8,
    pub(super) sampling: Sampling,
}

/// Number of a component's samples in an MCU, horizontally and vertically.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Sampling {
    pub(super) h: u8,
    pub(super) v: u8,
}

impl Frame {
    /// Whether a marker begins a frame header: SOF0 to SOF15, except those that define tables.
    pub(super) fn is_marker(marker: u8) -> bool {
        matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf)
    }

    /// Reads a frame header; none where it is too short.
    pub(super) fn read(marker: u8, body: &[u8]) -> Option<Self> {
        let (&[precision, high, low, wide, narrow, count], rest) = body.split_first_chunk()?;
        let components = rest.get(..3 * usize::from(count))?.chunks_exact(3);
        let component =
            |bytes: &[u8]| Component { id: bytes[0], sampling: Sampling { h: bytes[1] >> 4, v: bytes[1] & 15 } };
        Some(Self {
            marker,
            precision,
            height: u16::from_be_bytes([high, low]),
            width: u16::from_be_bytes([wide, narrow]),
            components: components.map(component).collect(),
        })
    }

    /// Whether the coefficients come in several passes.
    pub(super) fn is_progressive(&self) -> bool {
        self.marker == 0xc2
    }

    /// The name of this kind of JPEG, if neither decoder reads it.
    pub(super) fn unsupported(&self) -> Option<String> {
        match (self.marker, self.components.len()) {
            (0xc3, _) => Some("lossless coding".to_owned()),
            (0xc5..=0xc7 | 0xcd..=0xcf, _) => Some("hierarchical coding".to_owned()),
            (0xc9..=0xcb, _) => Some("arithmetic coding".to_owned()),
            _ if self.precision != 8 => Some(format!("{} bits a sample", self.precision)),
            (_, 1 | 3 | 4) if self.height == 0 => Some("a height behind the picture".to_owned()),
            (_, 1 | 3 | 4) => None,
            (_, count) => Some(format!("{count} components")),
        }
    }

    /// The largest sampling factors of any component.
    pub(super) fn largest(&self) -> Sampling {
        let most = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().unwrap_or(1);
        Sampling { h: most(|component| component.sampling.h), v: most(|component| component.sampling.v) }
    }

    /// The components' sampling factors as people write them: `2x2, 1x1, 1x1`.
    pub(super) fn samplings(&self) -> String {
        let each = self.components.iter().map(|Component { sampling: Sampling { h, v }, .. }| format!("{h}x{v}"));
        each.collect::<Vec<_>>().join(", ")
    }
}
