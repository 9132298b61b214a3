//! Matrix products of strided views, on one thread.

use effnet_kernels::view::floats;
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

impl<'a> Matrix<'a> {
    /// A matrix whose rows lie one after the other.
    ///
    /// # Panics
    /// When `data` is shorter than the matrix.
    pub(crate) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert!(floats(&[rows, columns]) <= data.len(), "{rows} × {columns} in {}", data.len());
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
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
    assert_eq!(out.len(), floats(&[a.rows, b.columns]), "size of a matrix product");
    // SAFETY: `Matrix` keeps every element within its slice (its constructor has measured it); `out` was just measured.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
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

/// `a · b`, its rows one after the other.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let mut out = vec![0.0; floats(&[a.rows, b.columns])];
    matmul(&mut out, a, b, false);
    out
}

/// The sum of each column of a matrix.
pub(crate) fn column_sums(rows: &[f32], columns: usize) -> Vec<f32> {
    rows.chunks_exact(columns).fold(vec![0.0; columns], |mut sums, row| {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        sums
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How far a product of up to 40 terms, each at most 1, may be from f64's.
    const TOLERANCE: f64 = 1e-4;

    proptest! {
        #[test]
        fn equals_the_definition(m in 1usize..20, n in 1usize..80, k in 1usize..40, ta: bool, tb: bool, acc: bool) {
            let value = |i: usize| ((i * 7919 % 101) as f32 - 50.0) / 50.0;
            let (a, b): (Vec<f32>, Vec<f32>) = ((0..m * k).map(value).collect(), (0..k * n).map(|i| value(i + 3)).collect());
            let left = if ta { Matrix::new(&a, k, m).transposed() } else { Matrix::new(&a, m, k) };
            let right = if tb { Matrix::new(&b, n, k).transposed() } else { Matrix::new(&b, k, n) };
            let mut out = vec![1f32; m * n];
            matmul(&mut out, left, right, acc);
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
                    prop_assert!((f64::from(out[i * n + j]) - expected).abs() < TOLERANCE);
                }
            }
        }
    }
}
