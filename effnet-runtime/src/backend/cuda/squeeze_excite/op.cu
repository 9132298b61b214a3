// What a squeeze-and-excitation does besides image_sums and the products of its small matrices, in which everything is
// f32: [images, squeezed] and [images, channels].
#include "../activation.cuh"
#include "../columns.cuh"

namespace {

/// `out = x · factor[image, channel]`, or that `+ share · added[image, channel]`. The grid's x counts images · blocks
/// of rows.
/// Reads an element of x; writes one.
template <class T, int N, bool ADD>
__device__ __forceinline__ void scale(const T* __restrict__ x, const float* __restrict__ factor,
                                      const float* __restrict__ added, T* __restrict__ out, int rows, int channels,
                                      int rows_of_block, int blocks, float share) {
  const int channel = column<N>();
  if (channel >= channels) return;
  const int image = blockIdx.x / blocks, block = blockIdx.x % blocks;
  const long long of_image = static_cast<long long>(image) * channels + channel;
  float factors[N], terms[N] = {};
  load_all<N>(factor + of_image, factors);
  if constexpr (ADD) {
    load_all<N>(added + of_image, terms);
#pragma unroll
    for (int i = 0; i < N; i++) terms[i] *= share;
  }
  const long long start = static_cast<long long>(image) * rows * channels + channel;
  const int first = block * rows_of_block, last = min(first + rows_of_block, rows);
  const T* const maps[] = {x + start};
  over_rows<4, N>(maps, first, last, channels, [&](int row, const Raw<T, N>(&raws)[1]) {
    float values[N];
    unpack(raws[0], values);
#pragma unroll
    for (int i = 0; i < N; i++) values[i] = ADD ? values[i] * factors[i] + terms[i] : values[i] * factors[i];
    store_all<N>(out + start + static_cast<long long>(row) * channels, values);
  });
}

}  // namespace

template <class T, int N>
__device__ void squeeze_excite_scale(const T* x, const float* factor, T* out, int rows, int channels, int rows_of_block,
                                     int blocks) {
  scale<T, N, false>(x, factor, nullptr, out, rows, channels, rows_of_block, blocks, 0.f);
}
#define SCALE(T) const T *x, const float *factor, T *out, int rows, int channels, int rows_of_block, int blocks
WIDE_ENTRY_POINTS(3, squeeze_excite_scale, SCALE, x, factor, out, rows, channels, rows_of_block, blocks)

template <class T, int N>
__device__ void squeeze_excite_scale_add(const T* x, const float* factor, const float* added, T* out, int rows,
                                         int channels, int rows_of_block, int blocks, float share) {
  scale<T, N, true>(x, factor, added, out, rows, channels, rows_of_block, blocks, share);
}
#define SCALE_ADD(T)                                                                                           \
  const T *x, const float *factor, const float *added, T *out, int rows, int channels, int rows_of_block,      \
      int blocks, float share
WIDE_ENTRY_POINTS(3, squeeze_excite_scale_add, SCALE_ADD, x, factor, added, out, rows, channels, rows_of_block, blocks,
                  share)

/// `u = product + bias`, and `f(u)`, of [images, squeezed].
extern "C" __global__ void __launch_bounds__(THREADS)
    squeeze_excite_activate_f32(const float* __restrict__ product, const float* __restrict__ bias,
                                float* __restrict__ u, float* __restrict__ activated, long long elements, int squeezed,
                                int activation) {
  const long long at = thread_index();
  if (at >= elements) return;
  float value[1] = {product[at] + bias[at % squeezed]};
  u[at] = value[0];
  activate(activation, value);
  activated[at] = value[0];
}

/// Which function opens the gate; the numbers are those of squeeze_excite/mod.rs.
enum Opening { SIGMOID = 0, HARD_SIGMOID = 1 };

/// `gate = f(product + bias)` of [images, channels]. NaN stays NaN.
extern "C" __global__ void __launch_bounds__(THREADS)
    squeeze_excite_open_f32(const float* __restrict__ product, const float* __restrict__ bias,
                            float* __restrict__ gate, long long elements, int channels, int opening) {
  const long long at = thread_index();
  if (at >= elements) return;
  const float u = product[at] + bias[at % channels];
  gate[at] = opening == HARD_SIGMOID ? at_most_6(positive(u + 3.f)) * (1.f / 6.f) : 1.f / (1.f + expf(-u));
}

/// From the gradient of the gate to that of its function's argument: `out = gradient · f'`, the derivative told from the
/// gate; 0 at a kink, as PyTorch's.
extern "C" __global__ void __launch_bounds__(THREADS)
    squeeze_excite_close_f32(const float* __restrict__ gradient, const float* __restrict__ gate,
                             float* __restrict__ out, long long elements, int opening) {
  const long long at = thread_index();
  if (at >= elements) return;
  const float value = gate[at];
  const float of_hard = value > 0.f && value < 1.f ? 1.f / 6.f : 0.f;
  out[at] = gradient[at] * (opening == HARD_SIGMOID ? of_hard : value * (1.f - value));
}

/// From the gradient of f(u) to that of u: `out = gradient · f'(u)`.
extern "C" __global__ void __launch_bounds__(THREADS)
    squeeze_excite_deactivate_f32(const float* __restrict__ gradient, const float* __restrict__ u,
                                  float* __restrict__ out, long long elements, int activation) {
  const long long at = thread_index();
  if (at >= elements) return;
  float g[1] = {gradient[at]};
  const float argument[1] = {u[at]};
  times_derivative(activation, argument, g);
  out[at] = g[0];
}
