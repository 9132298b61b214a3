// libcublas: products of matrices that lie column by column, summed in f64, of as many of its functions as candle and the
// operations call.
#include <vector>

#include "api.h"
#include "numbers.h"

// cudaDataType_t
enum { R_32F = 0, R_64F = 1, R_16F = 2, R_16BF = 14 };

static double get(const void *from, int type, size_t at) {
  switch (type) {
    case R_32F: return ((const float *)from)[at];
    case R_64F: return ((const double *)from)[at];
    case R_16F: return (double)(float)((const _Float16 *)from)[at];
    default: return of_bf16(((const uint16_t *)from)[at]);
  }
}
static void put(void *to, int type, size_t at, double value) {
  switch (type) {
    case R_32F: ((float *)to)[at] = value; return;
    case R_64F: ((double *)to)[at] = value; return;
    case R_16F: ((_Float16 *)to)[at] = (float)value; return;
    default: ((uint16_t *)to)[at] = to_bf16(value);
  }
}
static size_t bytes(int type) { return type == R_32F ? 4 : type == R_64F ? 8 : 2; }

/// A factor as rows of length `depth` that are summed over: of `a` its rows, of `b` its columns.
static std::vector<double> rows(const void *from, int type, int count, int depth, size_t step, size_t along) {
  std::vector<double> out((size_t)count * depth);
  for (int row = 0; row < count; row++)
    for (int at = 0; at < depth; at++) out[(size_t)row * depth + at] = get(from, type, row * step + at * along);
  return out;
}

static void product(int ta, int tb, int m, int n, int k, double alpha, const void *a, int a_type, int lda, const void *b,
                    int b_type, int ldb, double beta, void *c, int c_type, int ldc) {
  const auto left = rows(a, a_type, m, k, ta ? lda : 1, ta ? 1 : lda);
  const auto right = rows(b, b_type, n, k, tb ? 1 : ldb, tb ? ldb : 1);
  for (int j = 0; j < n; j++)
    for (int i = 0; i < m; i++) {
      const double *x = &left[(size_t)i * k], *y = &right[(size_t)j * k];
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int l = 0; l < k; l++) sum += x[l] * y[l];
      size_t at = (size_t)j * ldc + i;
      put(c, c_type, at, alpha * sum + (beta != 0 ? beta * get(c, c_type, at) : 0));
    }
}

API Result cublasCreate_v2(void **handle) { return *handle = &handle_of_all, SUCCESS; }
API Result cublasDestroy_v2(void *) { return SUCCESS; }
API Result cublasSetStream_v2(void *, void *) { return SUCCESS; }
API Result cublasSetMathMode(void *, int) { return SUCCESS; }
API Result cublasDgemmStridedBatched(void *, int ta, int tb, int m, int n, int k, const double *alpha, const double *a,
                                     int lda, long long stride_a, const double *b, int ldb, long long stride_b,
                                     const double *beta, double *c, int ldc, long long stride_c, int count) {
  for (int at = 0; at < count; at++)
    product(ta, tb, m, n, k, *alpha, a + at * stride_a, R_64F, lda, b + at * stride_b, R_64F, ldb, *beta,
            c + at * stride_c, R_64F, ldc);
  return SUCCESS;
}
API Result cublasGemmStridedBatchedEx(void *, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                                      int a_type, int lda, long long stride_a, const void *b, int b_type, int ldb,
                                      long long stride_b, const void *beta, void *c, int c_type, int ldc,
                                      long long stride_c, int count, int compute, int) {
  // CUBLAS_COMPUTE_64F, CUBLAS_COMPUTE_16F, each with a pedantic form; the others are 32F.
  int scalar = compute == 70 || compute == 71 ? R_64F : compute == 64 || compute == 65 ? R_16F : R_32F;
  for (int at = 0; at < count; at++)
    product(ta, tb, m, n, k, get(alpha, scalar, 0), (const char *)a + at * stride_a * bytes(a_type), a_type, lda,
            (const char *)b + at * stride_b * bytes(b_type), b_type, ldb, get(beta, scalar, 0),
            (char *)c + at * stride_c * bytes(c_type), c_type, ldc);
  return SUCCESS;
}
