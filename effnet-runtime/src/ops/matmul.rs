//! Matrix products of strided views, on one thread.

use gemm::Parallelism;

/// A matrix within a slice.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

fn fits(length: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> bool {
    rows == 0 || columns == 0 || (rows - 1) * row_stride + (columns - 1) * column_stride < length
}

impl<'a> Matrix<'a> {
    /// A matrix whose rows lie one after the other.
    ///
    /// # Panics
    /// When `data` is shorter than the matrix.
    pub(crate) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert!(fits(data.len(), rows, columns, columns, 1), "{rows} × {columns} in {}", data.len());
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Some of the matrix's columns.
    ///
    /// # Panics
    /// When it has fewer.
    pub(crate) fn columns(self, first: usize, count: usize) -> Self {
        assert!(first + count <= self.columns, "columns {first}.. of {}", self.columns);
        // A matrix without elements has no element to start at.
        let start = (first * self.column_stride).min(self.data.len());
        Self { data: &self.data[start..], columns: count, ..self }
    }

    /// The matrix with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// `out = a · b`, or `out += a · b` with `accumulate`; `out` has its rows one after the other.
///
/// # Panics
/// When the shapes do not fit each other.
pub(crate) fn matmul(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, accumulate: bool) {
    assert_eq!(a.columns, b.rows, "inner sizes of a matrix product");
    assert_eq!(out.len(), a.rows * b.columns, "size of a matrix product");
    // SAFETY: `out` was just measured.
    unsafe { product(out.as_mut_ptr(), b.columns, a, b, accumulate) }
}

/// Fewest and most columns of a task of [`matmul_by_columns`].
const FEWEST_COLUMNS: usize = 32;
const MOST_COLUMNS: usize = 256;

/// `out = a · b`, cut by columns into tasks: for an `a` of few rows, where cutting by rows would have every task pack
/// all of `b`.
///
/// # Panics
/// When the shapes do not fit each other.
pub(crate) fn matmul_by_columns(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!(a.columns, b.rows, "inner sizes of a matrix product");
    assert_eq!(out.len(), a.rows * b.columns, "size of a matrix product");
    let columns = b.columns;
    let width = columns.div_ceil(8).next_multiple_of(16).clamp(FEWEST_COLUMNS, MOST_COLUMNS);
    let out = Out(out.as_mut_ptr());
    crate::threads::current().for_each(columns.div_ceil(width), |task| {
        let first = task * width;
        let b = b.columns(first, width.min(columns - first));
        // SAFETY: `out` has `a.rows` rows of `columns`, of which this task alone writes those from `first` on, as many as
        // `b` now has.
        unsafe { product(out.at(first), columns, a, b, false) }
    });
}

/// The start of a matrix that several threads write disjoint columns of.
struct Out(*mut f32);

// SAFETY: `matmul_by_columns` gives each thread columns of its own.
unsafe impl Sync for Out {}

impl Out {
    /// # Safety
    /// `element` must lie within the matrix.
    unsafe fn at(&self, element: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(element) }
    }
}

/// `out = a · b` or `out += a · b`, for an `out` whose rows are `row_stride` apart.
///
/// # Safety
/// `out` must be valid for `a.rows` rows of `b.columns` elements, and no other thread may use those meanwhile.
unsafe fn product(out: *mut f32, row_stride: usize, a: Matrix<'_>, b: Matrix<'_>, accumulate: bool) {
    // SAFETY: `Matrix` keeps every element within its slice (`fits`, in all constructors); `out` is the caller's promise.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out,
            1,
            row_stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_definition(m in 1usize..20, n in 1usize..80, k in 1usize..40, ta: bool, tb: bool, acc: bool) {
            let value = |i: usize| ((i * 7919 % 101) as f32 - 50.0) / 50.0;
            let (a, b): (Vec<f32>, Vec<f32>) = ((0..m * k).map(value).collect(), (0..k * n).map(|i| value(i + 3)).collect());
            let left = if ta { Matrix::new(&a, k, m).transposed() } else { Matrix::new(&a, m, k) };
            let right = if tb { Matrix::new(&b, n, k).transposed() } else { Matrix::new(&b, k, n) };
            let mut out = vec![1f32; m * n];
            matmul(&mut out, left, right, acc);
            let mut by_columns = vec![f32::NAN; m * n];
            matmul_by_columns(&mut by_columns, left, right);
            for i in 0..m {
                for j in 0..n {
                    let product: f64 = (0..k)
                        .map(|l| {
                            let x = if ta { a[l * m + i] } else { a[i * k + l] };
                            let y = if tb { b[j * k + l] } else { b[l * n + j] };
                            f64::from(x) * f64::from(y)
                        })
                        .sum();
                    let expected = product + if acc { 1.0 } else { 0.0 };
                    prop_assert!((f64::from(out[i * n + j]) - expected).abs() < 1e-4);
                    prop_assert!((f64::from(by_columns[i * n + j]) - product).abs() < 1e-4);
                }
            }
        }
    }
}
