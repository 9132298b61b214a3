// Windows of [N, H, W, C] maps as rows of a matrix, and back: what makes a matrix product of a dense convolution.
//
//     rows      columns[q, tap, c] = x[q·stride - before + tap, c], 0 outside the map
//     map       dx[p, c]           = sum of columns[q, tap, c] over the q whose window holds p, tap = p + before - q·stride
//
// Each element of dx sums what reaches it, tap by tap: no two threads write to one place. The wide kernels take maps
// whose channels fill packs of 16 bytes, a pack a thread.

#include "../common.cuh"

namespace {

struct Sizes {
  int in_height, in_width, out_height, out_width, channels, kernel, stride, top, left;
};

template <class T, int N>
__device__ __forceinline__ void conv_windows(T* columns, const T* x, Sizes s, long long count) {
  const int packs = s.channels / N;
  for (long long index = thread_index(); index < count; index += thread_count()) {
    const int channel = static_cast<int>(index % packs) * N;
    long long rest = index / packs;
    const int kx = static_cast<int>(rest % s.kernel);
    rest /= s.kernel;
    const int ky = static_cast<int>(rest % s.kernel);
    rest /= s.kernel;
    const int column = static_cast<int>(rest % s.out_width) * s.stride - s.left + kx;
    rest /= s.out_width;
    const int row = static_cast<int>(rest % s.out_height) * s.stride - s.top + ky;
    const long long image = rest / s.out_height;
    float values[N] = {};
    if (row >= 0 && row < s.in_height && column >= 0 && column < s.in_width) {
      load_all<N>(x + ((image * s.in_height + row) * s.in_width + column) * s.channels + channel, values);
    }
    store_all<N>(columns + index * N, values);
  }
}

template <class T, int N>
__device__ __forceinline__ void conv_map(T* dx, const T* columns, Sizes s, long long count, int accumulate) {
  const int packs = s.channels / N;
  for (long long index = thread_index(); index < count; index += thread_count()) {
    const int channel = static_cast<int>(index % packs) * N;
    long long rest = index / packs;
    const int column = static_cast<int>(rest % s.in_width);
    rest /= s.in_width;
    const int row = static_cast<int>(rest % s.in_height);
    const long long image = rest / s.in_height;
    float sums[N] = {};
    if (accumulate) load_all<N>(dx + index * N, sums);
    for (int ky = 0; ky < s.kernel; ky++) {
      const int rows = row + s.top - ky, y = rows / s.stride;
      if (rows < 0 || rows % s.stride != 0 || y >= s.out_height) continue;
#pragma unroll 1  // unrolled by the compiler's own choice, the sums do not fit the registers
      for (int kx = 0; kx < s.kernel; kx++) {
        const int across = column + s.left - kx, x = across / s.stride;
        if (across < 0 || across % s.stride != 0 || x >= s.out_width) continue;
        const long long pixel = (image * s.out_height + y) * s.out_width + x;
        float values[N];
        load_all<N>(columns + ((pixel * s.kernel + ky) * s.kernel + kx) * s.channels + channel, values);
#pragma unroll
        for (int c = 0; c < N; c++) sums[c] += values[c];
      }
    }
    store_all<N>(dx + index * N, sums);
  }
}

/// Where an element of weights [outputs, inputs, kernel, kernel] lies in [outputs, above + kernel, left + kernel,
/// inputs].
struct Order {
  int outputs, inputs, kernel, above, left;
};

/// The weights in the order of windows, with `above` rows and `left` columns of zeros in front of theirs.
template <class T>
__device__ __forceinline__ void conv_pack(T* packed, const float* weight, Order o) {
  const int height = o.above + o.kernel, width = o.left + o.kernel;
  const long long index = thread_index();
  if (index >= static_cast<long long>(o.outputs) * height * width * o.inputs) return;
  const long long input = index % o.inputs, tap = index / o.inputs, output = tap / width / height;
  const int column = static_cast<int>(tap % width) - o.left, row = static_cast<int>(tap / width % height) - o.above;
  const bool is_weight = row >= 0 && column >= 0;
  store(packed + index, is_weight ? weight[((output * o.inputs + input) * o.kernel + row) * o.kernel + column] : 0);
}

/// Gradients in the order of windows as those of the weights; those of the zeros are left behind.
template <class T>
__device__ __forceinline__ void conv_unpack(float* weight, const T* packed, Order o) {
  const int height = o.above + o.kernel, width = o.left + o.kernel;
  const long long index = thread_index();
  if (index >= static_cast<long long>(o.outputs) * o.inputs * o.kernel * o.kernel) return;
  const long long column = index % o.kernel + o.left, row = index / o.kernel % o.kernel + o.above;
  const long long input = index / o.kernel / o.kernel % o.inputs, output = index / o.kernel / o.kernel / o.inputs;
  weight[index] = load(packed + ((output * height + row) * width + column) * o.inputs + input);
}

}  // namespace

#define SIZES \
  int in_height, int in_width, int out_height, int out_width, int channels, int kernel, int stride, int top, int left
#define TAKEN Sizes{in_height, in_width, out_height, out_width, channels, kernel, stride, top, left}

#define ORDER int outputs, int inputs, int kernel, int above, int left
#define IN_ORDER Order{outputs, inputs, kernel, above, left}

#define PACK(T) T *packed, const float *weight, ORDER
ENTRY_POINTS(conv_pack, PACK, packed, weight, IN_ORDER)

#define UNPACK(T) float *weight, const T *packed, ORDER
ENTRY_POINTS(conv_unpack, UNPACK, weight, packed, IN_ORDER)

#define WINDOWS(T) T *columns, const T *x, SIZES, long long count
WIDE_ENTRY_POINTS(3, conv_windows, WINDOWS, columns, x, TAKEN, count)

#define MAP(T) T *dx, const T *columns, SIZES, long long count, int accumulate
WIDE_ENTRY_POINTS(3, conv_map, MAP, dx, columns, TAKEN, count, accumulate)
