//! Slices, and where rows of floats lie in them.

use crate::buffer::Shared;

/// Where rows of floats lie: row `r` of line `l` starts at `start + l · line + r · row`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// First float of the first row.
    pub start: usize,
    /// Floats from one line of rows to the next.
    pub line: usize,
    /// Floats from one row of a line to the next.
    pub row: usize,
}

impl Rows {
    /// Rows one after the other.
    pub fn contiguous(start: usize, width: usize) -> Self {
        Self { start, line: 0, row: width }
    }

    /// First float of a row.
    #[inline(always)]
    pub fn at(&self, line: usize, row: usize) -> usize {
        self.start + line * self.line + row * self.row
    }

    /// One past the last float of `lines` × `rows` rows that reach `width` floats; none are empty.
    pub fn end(&self, lines: usize, rows: usize, width: usize) -> usize {
        let steps = |count: usize, stride: usize| (count - 1).checked_mul(stride);
        let last = steps(lines, self.line).zip(steps(rows, self.row)).and_then(|(line, row)| line.checked_add(row));
        last.and_then(|last| last.checked_add(self.start)?.checked_add(width)).expect("sizes of a matrix overflow")
    }
}

/// Rows of a slice, to read.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The slice.
    pub data: &'a [f32],
    /// Where its rows lie.
    pub rows: Rows,
}

impl<'a> View<'a> {
    /// The rows `rows` of `data`.
    pub fn new(data: &'a [f32], rows: Rows) -> Self {
        Self { data, rows }
    }

    /// Checks that `lines` × `rows` rows of `width` floats lie within.
    ///
    /// # Panics
    /// When they do not.
    pub fn check(&self, lines: usize, rows: usize, width: usize) {
        check(&self.rows, lines, rows, width, self.data.len());
    }

    /// Address of a row.
    #[inline(always)]
    pub fn at(&self, line: usize, row: usize) -> *const f32 {
        self.data.as_ptr().wrapping_add(self.rows.at(line, row))
    }
}

/// Rows of a slice that the tasks of a job share, to write.
#[derive(Clone, Copy)]
pub struct ViewMut<'a> {
    /// The slice.
    pub data: Shared<'a>,
    /// Where its rows lie.
    pub rows: Rows,
}

impl<'a> ViewMut<'a> {
    /// The rows `rows` of `data`.
    pub fn new(data: Shared<'a>, rows: Rows) -> Self {
        Self { data, rows }
    }

    /// Checks that `lines` × `rows` rows of `width` floats lie within.
    ///
    /// # Panics
    /// When they do not.
    pub fn check(&self, lines: usize, rows: usize, width: usize) {
        check(&self.rows, lines, rows, width, self.data.len());
    }

    /// Address of a row.
    #[inline(always)]
    pub fn at(&self, line: usize, row: usize) -> *mut f32 {
        self.data.at(0).wrapping_add(self.rows.at(line, row))
    }
}

/// Floats of an array of these sizes.
///
/// # Panics
/// When a `usize` does not hold their number.
pub fn floats(sizes: &[usize]) -> usize {
    sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)).expect("sizes of an array overflow")
}

fn check(place: &Rows, lines: usize, rows: usize, width: usize, length: usize) {
    let end = place.end(lines, rows, width);
    assert!(end <= length, "{lines} × {rows} rows of {width} floats end at {end} of a slice of {length}");
}
