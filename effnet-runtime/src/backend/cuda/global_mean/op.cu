// The gradient of the mean over an image's rows; the mean itself is a sum of image_sums.
#include "../columns.cuh"

/// `dx[image, row, channel] = share · dy[image, channel]`. The grid's x counts images · blocks of rows.
/// Writes an element; reads one for an image and channel.
template <class T, int N>
__device__ void global_mean_backward(const T* __restrict__ dy, T* __restrict__ dx, int rows, int channels,
                                     int rows_of_block, int blocks, float share) {
  const int channel = column<N>(), lanes = blockDim.y;
  if (channel >= channels) return;
  const int image = blockIdx.x / blocks, block = blockIdx.x % blocks;
  float gradient[N];
  load_all<N>(dy + static_cast<long long>(image) * channels + channel, gradient);
#pragma unroll
  for (int i = 0; i < N; i++) gradient[i] *= share;
  T* start = dx + static_cast<long long>(image) * rows * channels + channel;
  const int first = block * rows_of_block, last = min(first + rows_of_block, rows);
  for (int row = first + static_cast<int>(threadIdx.y); row < last; row += lanes) {
    store_all<N>(start + static_cast<long long>(row) * channels, gradient);
  }
}
#define BACKWARD(T) const T *dy, T *dx, int rows, int channels, int rows_of_block, int blocks, float share
WIDE_ENTRY_POINTS(3, global_mean_backward, BACKWARD, dy, dx, rows, channels, rows_of_block, blocks, share)
