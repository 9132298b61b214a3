// Sums over the rows of each image, of maps as [images, rows, channels].
#include "../columns.cuh"

namespace {

/// `factor · Σ x`, or `factor · Σ x · y`, over each block of rows of an image: out = [images, blocks, channels] in f32.
/// The grid's x counts images · blocks. Shared: N floats a thread.
template <class T, int N, bool PRODUCT>
__device__ __forceinline__ void sums(const T* __restrict__ x, const T* __restrict__ y, float* __restrict__ out, int rows,
                                     int channels, int rows_of_block, int blocks, float factor) {
  DYN_SHARED(float, shared);
  const int channel = column<N>();
  const int image = blockIdx.x / blocks, block = blockIdx.x % blocks;
  float sum[1][N] = {};
  if (channel < channels) {
    const long long start = static_cast<long long>(image) * rows * channels + channel;
    const int first = block * rows_of_block, last = min(first + rows_of_block, rows);
    const T* maps[1 + PRODUCT] = {x + start};
    if constexpr (PRODUCT) maps[1] = y + start;
    over_rows<N == 1 ? 8 : 4, N>(maps, first, last, channels, [&](int, const Raw<T, N>(&raws)[1 + PRODUCT]) {
      float values[N];
      unpack(raws[0], values);
      if constexpr (PRODUCT) {
        float others[N];
        unpack(raws[PRODUCT], others);
#pragma unroll
        for (int i = 0; i < N; i++) values[i] *= others[i];
      }
#pragma unroll
      for (int i = 0; i < N; i++) sum[0][i] += values[i];
    });
  }
  sum_lanes(sum, shared);
  if (threadIdx.y == 0 && channel < channels) {
#pragma unroll
    for (int i = 0; i < N; i++) sum[0][i] *= factor;
    store_all<N>(out + static_cast<long long>(blockIdx.x) * channels + channel, sum[0]);
  }
}

}  // namespace

/// Reads an element once; writes 4 bytes for a block and channel.
template <class T, int N>
__device__ void image_sums_sum(const T* x, float* out, int rows, int channels, int rows_of_block, int blocks,
                               float factor) {
  sums<T, N, false>(x, nullptr, out, rows, channels, rows_of_block, blocks, factor);
}
#define SUM(T) const T *x, float *out, int rows, int channels, int rows_of_block, int blocks, float factor
WIDE_ENTRY_POINTS(3, image_sums_sum, SUM, x, out, rows, channels, rows_of_block, blocks, factor)

/// Reads an element of x and one of y; writes 4 bytes for a block and channel.
template <class T, int N>
__device__ void image_sums_product(const T* x, const T* y, float* out, int rows, int channels, int rows_of_block,
                                   int blocks, float factor) {
  sums<T, N, true>(x, y, out, rows, channels, rows_of_block, blocks, factor);
}
#define PRODUCT_SUM(T) \
  const T *x, const T *y, float *out, int rows, int channels, int rows_of_block, int blocks, float factor
WIDE_ENTRY_POINTS(3, image_sums_product, PRODUCT_SUM, x, y, out, rows, channels, rows_of_block, blocks, factor)
