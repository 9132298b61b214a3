// Depthwise convolution of [N, H, W, C] maps in its three directions.
//
//     forward          out[q, c]   = sum of x[q·stride - before + tap, c] · w[tap, c] over the taps
//     input gradient   dx[p, c]    = sum of dout[q, c] · w[p + before - q·stride, c] over the q whose window holds p
//     weight gradient  dw[c, tap]  = sum of dout[q, c] · x[q·stride - before + tap, c] over the q
//
// The kernels of a fixed window (…_k3s2 and so on) take maps whose channels fill packs of 16 bytes: a thread has a pack
// of channels, and STRIP neighbouring pixels of a line, which share what they load. The kernels of the usual window,
// 3 × 3 of stride 1, are in slide.cuh. The others (…_any) have a thread for each element, and take any window and any
// number of channels.

#include "sizes.cuh"
#include "slide.cuh"

namespace {

/// A pack of channels of a strip of pixels, numbered with the channels fastest.
struct Place {
  int channel, x, y, image;
};

template <int N>
__device__ __forceinline__ Place place(int index, int channels, int height, int width) {
  const int packs = channels / N, strips = (width + STRIP - 1) / STRIP;
  Place place;
  place.channel = index % packs * N;
  index /= packs;
  place.x = index % strips * STRIP;
  index /= strips;
  place.y = index % height;
  place.image = index / height;
  return place;
}

/// `weight` is [taps, C].
template <class T, int N, int K, int S>
__device__ __forceinline__ void forward(T* out, const T* x, const float* weight, Sizes s, int count) {
  const int index = static_cast<int>(thread_index());
  if (index >= count) return;
  const Place to = place<N>(index, s.channels, s.out_height, s.out_width);
  float sums[STRIP][N] = {};
#pragma unroll
  for (int ky = 0; ky < K; ky++) {
    const int y = to.y * S - s.top + ky;
    if (y < 0 || y >= s.in_height) continue;
    float taps[K][N];
#pragma unroll
    for (int kx = 0; kx < K; kx++) load_all<N>(weight + (ky * K + kx) * s.channels + to.channel, taps[kx]);
    const T* line = x + at(to.image, y, 0, s.in_height, s.in_width, s.channels) + to.channel;
    const int first = to.x * S - s.left;
#pragma unroll
    for (int j = 0; j < (STRIP - 1) * S + K; j++) {
      if (first + j < 0 || first + j >= s.in_width) continue;
      float value[N];
      load_all<N>(line + static_cast<long long>(first + j) * s.channels, value);
#pragma unroll
      for (int p = 0; p < STRIP; p++) {
        const int kx = j - p * S;
        if (kx < 0 || kx >= K) continue;
#pragma unroll
        for (int c = 0; c < N; c++) sums[p][c] += value[c] * taps[kx][c];
      }
    }
  }
  T* line = out + at(to.image, to.y, to.x, s.out_height, s.out_width, s.channels) + to.channel;
#pragma unroll
  for (int p = 0; p < STRIP; p++) {
    if (to.x + p < s.out_width) store_all<N>(line + static_cast<long long>(p) * s.channels, sums[p]);
  }
}

/// A strip's first pixel is tap PHASE of an output, and every S-th tap further on: PHASE = `(x + left) % S`.
template <class T, int N, int K, int S, int PHASE>
__device__ __forceinline__ void backward_strip(T* dx, const T* grad, const float* weight, Sizes s, Place to) {
  // Output column (x + left - PHASE) / S + j reaches pixel x + p by tap p + PHASE - S·j.
  constexpr int FIRST = -((K - 1 - PHASE) / S), LAST = (STRIP - 1 + PHASE) / S;
  const int column = (to.x + s.left - PHASE) / S;
  float sums[STRIP][N] = {};
#pragma unroll
  for (int ky = 0; ky < K; ky++) {
    const int rows = to.y + s.top - ky, y = rows / S;
    if (rows < 0 || rows % S != 0 || y >= s.out_height) continue;
    float taps[K][N];
#pragma unroll
    for (int kx = 0; kx < K; kx++) load_all<N>(weight + (ky * K + kx) * s.channels + to.channel, taps[kx]);
    const T* line = grad + at(to.image, y, 0, s.out_height, s.out_width, s.channels) + to.channel;
#pragma unroll
    for (int j = FIRST; j <= LAST; j++) {
      if (column + j < 0 || column + j >= s.out_width) continue;
      float value[N];
      load_all<N>(line + static_cast<long long>(column + j) * s.channels, value);
#pragma unroll
      for (int p = 0; p < STRIP; p++) {
        const int kx = p + PHASE - S * j;
        if (kx < 0 || kx >= K) continue;
#pragma unroll
        for (int c = 0; c < N; c++) sums[p][c] += value[c] * taps[kx][c];
      }
    }
  }
  T* line = dx + at(to.image, to.y, to.x, s.in_height, s.in_width, s.channels) + to.channel;
#pragma unroll
  for (int p = 0; p < STRIP; p++) {
    if (to.x + p < s.in_width) store_all<N>(line + static_cast<long long>(p) * s.channels, sums[p]);
  }
}

/// `weight` is [taps, C].
template <class T, int N, int K, int S>
__device__ __forceinline__ void backward_input(T* dx, const T* grad, const float* weight, Sizes s, int count) {
  const int index = static_cast<int>(thread_index());
  if (index >= count) return;
  const Place to = place<N>(index, s.channels, s.in_height, s.in_width);
  // STRIP is a multiple of S, so that all strips of a map have one phase.
  if (S == 1 || s.left % S == 0) {
    backward_strip<T, N, K, S, 0>(dx, grad, weight, s, to);
  } else {
    backward_strip<T, N, K, S, S - 1>(dx, grad, weight, s, to);
  }
}

/// A block's share of the gradient: of the taps of one line, some channels, and the strips of one part.
///
/// `partial` is [parts, taps, C]. A block has `lanes` threads for each of its `packs` packs of channels; blockIdx.x is
/// the line of taps, and every K blocks the part; blockIdx.y is the block of channels.
template <class T, int N, int K, int S>
__device__ __forceinline__ void backward_weight(float* partial, const T* x, const T* grad, Sizes s, int strips_of_part,
                                                int packs, int lanes) {
  DYN_SHARED(float, shared);  // [lanes, packs, N]
  const int ky = blockIdx.x % K, part = blockIdx.x / K;
  const int lane = threadIdx.x / packs;
  const int channel = (blockIdx.y * packs + threadIdx.x % packs) * N;
  const bool is_busy = lane < lanes && channel < s.channels;
  const int strips = (s.out_width + STRIP - 1) / STRIP;
  const int total = s.batch * s.out_height * strips;
  const int begin = part * strips_of_part, end = min(begin + strips_of_part, total);
  float sums[K][N] = {};
  if (is_busy) {
    for (int at_strip = begin + lane; at_strip < end; at_strip += lanes) {
      const int column = at_strip % strips * STRIP, row = at_strip / strips;
      const int image = row / s.out_height, y = row % s.out_height * S - s.top + ky;
      if (y < 0 || y >= s.in_height) continue;
      float grads[STRIP][N];
      const T* line = grad + (static_cast<long long>(row) * s.out_width + column) * s.channels + channel;
#pragma unroll
      for (int p = 0; p < STRIP; p++) {
        if (column + p < s.out_width) {
          load_all<N>(line + static_cast<long long>(p) * s.channels, grads[p]);
        } else {
#pragma unroll
          for (int c = 0; c < N; c++) grads[p][c] = 0.f;
        }
      }
      const T* source = x + at(image, y, 0, s.in_height, s.in_width, s.channels) + channel;
      const int first = column * S - s.left;
#pragma unroll
      for (int j = 0; j < (STRIP - 1) * S + K; j++) {
        if (first + j < 0 || first + j >= s.in_width) continue;
        float value[N];
        load_all<N>(source + static_cast<long long>(first + j) * s.channels, value);
#pragma unroll
        for (int p = 0; p < STRIP; p++) {
          const int kx = j - p * S;
          if (kx < 0 || kx >= K) continue;
#pragma unroll
          for (int c = 0; c < N; c++) sums[kx][c] += value[c] * grads[p][c];
        }
      }
    }
  }
  // The lanes' sums, in the order of the lanes.
#pragma unroll
  for (int kx = 0; kx < K; kx++) {
    __syncthreads();
    if (lane < lanes) {
#pragma unroll
      for (int c = 0; c < N; c++) shared[threadIdx.x * N + c] = sums[kx][c];
    }
    __syncthreads();
    if (lane != 0 || !is_busy) continue;
    float total_of[N] = {};
    for (int other = 0; other < lanes; other++) {
#pragma unroll
      for (int c = 0; c < N; c++) total_of[c] += shared[(other * packs + threadIdx.x) * N + c];
    }
    store_all<N>(partial + (static_cast<long long>(part) * K * K + ky * K + kx) * s.channels + channel, total_of);
  }
}

template <class T>
__device__ __forceinline__ void forward_any(T* out, const T* x, const float* weight, Sizes s, int kernel, int stride,
                                            long long count) {
  for (long long index = thread_index(); index < count; index += thread_count()) {
    const int channel = static_cast<int>(index % s.channels);
    long long rest = index / s.channels;
    const int column = static_cast<int>(rest % s.out_width);
    rest /= s.out_width;
    const int row = static_cast<int>(rest % s.out_height), image = static_cast<int>(rest / s.out_height);
    float sum = 0.f;
    for (int ky = 0; ky < kernel; ky++) {
      const int in_y = row * stride - s.top + ky;
      if (in_y < 0 || in_y >= s.in_height) continue;
      for (int kx = 0; kx < kernel; kx++) {
        const int in_x = column * stride - s.left + kx;
        if (in_x < 0 || in_x >= s.in_width) continue;
        sum += load(x + at(image, in_y, in_x, s.in_height, s.in_width, s.channels) + channel) *
               weight[(ky * kernel + kx) * s.channels + channel];
      }
    }
    store(out + index, sum);
  }
}

template <class T>
__device__ __forceinline__ void backward_input_any(T* dx, const T* grad, const float* weight, Sizes s, int kernel,
                                                   int stride, long long count) {
  for (long long index = thread_index(); index < count; index += thread_count()) {
    const int channel = static_cast<int>(index % s.channels);
    long long rest = index / s.channels;
    const int column = static_cast<int>(rest % s.in_width);
    rest /= s.in_width;
    const int row = static_cast<int>(rest % s.in_height), image = static_cast<int>(rest / s.in_height);
    float sum = 0.f;
    for (int ky = 0; ky < kernel; ky++) {
      const int rows = row + s.top - ky, out_y = rows / stride;
      if (rows < 0 || rows % stride != 0 || out_y >= s.out_height) continue;
      for (int kx = 0; kx < kernel; kx++) {
        const int columns = column + s.left - kx, out_x = columns / stride;
        if (columns < 0 || columns % stride != 0 || out_x >= s.out_width) continue;
        sum += load(grad + at(image, out_y, out_x, s.out_height, s.out_width, s.channels) + channel) *
               weight[(ky * kernel + kx) * s.channels + channel];
      }
    }
    store(dx + index, sum);
  }
}

/// A thread for each tap and channel of `partial` = [parts, taps, C], over the output rows of its part.
template <class T>
__device__ __forceinline__ void backward_weight_any(float* partial, const T* x, const T* grad, Sizes s, int kernel,
                                                    int stride, int rows_of_part, long long count) {
  const int taps = kernel * kernel, total = s.batch * s.out_height;
  for (long long index = thread_index(); index < count; index += thread_count()) {
    const int channel = static_cast<int>(index % s.channels);
    const int tap = static_cast<int>(index / s.channels % taps);
    const int part = static_cast<int>(index / s.channels / taps);
    const int end = min((part + 1) * rows_of_part, total);
    float sum = 0.f;
    for (int row = part * rows_of_part; row < end; row++) {
      const int image = row / s.out_height, in_y = row % s.out_height * stride - s.top + tap / kernel;
      if (in_y < 0 || in_y >= s.in_height) continue;
      for (int column = 0; column < s.out_width; column++) {
        const int in_x = column * stride - s.left + tap % kernel;
        if (in_x < 0 || in_x >= s.in_width) continue;
        sum += load(x + at(image, in_y, in_x, s.in_height, s.in_width, s.channels) + channel) *
               load(grad + (static_cast<long long>(row) * s.out_width + column) * s.channels + channel);
      }
    }
    partial[index] = sum;
  }
}

}  // namespace

/// Weights [C, taps] as [taps, C], with the window turned around where `is_turned`.
extern "C" __global__ void __launch_bounds__(THREADS) depthwise_pack_f32(float* packed, const float* weight, int taps,
                                                                         int channels, int is_turned) {
  const int index = static_cast<int>(thread_index());
  if (index >= taps * channels) return;
  const int tap = index / channels;
  packed[index] = weight[index % channels * taps + (is_turned ? taps - 1 - tap : tap)];
}

/// `dw` = [C, taps]: the sums of `partial` = [parts, taps, C] over the parts, in their order.
extern "C" __global__ void __launch_bounds__(THREADS) depthwise_sum_f32(float* dw, const float* partial, int parts,
                                                                        int taps, int channels) {
  const int index = static_cast<int>(thread_index()), size = taps * channels;
  if (index >= size) return;
  float sum = 0.f;
  for (int part = 0; part < parts; part++) sum += partial[static_cast<long long>(part) * size + index];
  dw[index % channels * taps + index / channels] = sum;
}

#define SIZES int batch, int in_height, int in_width, int out_height, int out_width, int channels, int top, int left
#define TAKEN Sizes{batch, in_height, in_width, out_height, out_width, channels, top, left}

#define OF_WINDOW(K, S, T, suffix)                                                                                 \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) depthwise_forward_k##K##s##S##_##suffix(                   \
      T* out, const T* x, const float* weight, SIZES, int count) {                                                 \
    forward<T, WIDE<T>, K, S>(out, x, weight, TAKEN, count);                                                       \
  }                                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) depthwise_backward_input_k##K##s##S##_##suffix(            \
      T* dx, const T* grad, const float* weight, SIZES, int count) {                                               \
    backward_input<T, WIDE<T>, K, S>(dx, grad, weight, TAKEN, count);                                              \
  }                                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) depthwise_backward_weight_k##K##s##S##_##suffix(           \
      float* partial, const T* x, const T* grad, SIZES, int strips_of_part, int packs, int lanes) {                \
    backward_weight<T, WIDE<T>, K, S>(partial, x, grad, TAKEN, strips_of_part, packs, lanes);                      \
  }

#define SLIDING(T, suffix)                                                                                         \
  extern "C" __global__ void __launch_bounds__(THREADS, sizeof(T) == 2 ? 3 : 2) depthwise_slide_##suffix(          \
      T* out, const T* x, const float* weight, SIZES, int rows, int count) {                                       \
    slide<T>(out, x, weight, TAKEN, rows, count);                                                                  \
  }                                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) depthwise_slide_weight_##suffix(                       \
      float* partial, const T* x, const T* grad, SIZES, int rows, int descents_of_part, int packs, int lanes) {    \
    slide_weight<T>(partial, x, grad, TAKEN, rows, descents_of_part, packs, lanes);                                \
  }

#define OF_ANY(T, suffix)                                                                                          \
  extern "C" __global__ void __launch_bounds__(THREADS) depthwise_forward_any_##suffix(                            \
      T* out, const T* x, const float* weight, SIZES, int kernel, int stride, long long count) {                   \
    forward_any<T>(out, x, weight, TAKEN, kernel, stride, count);                                                  \
  }                                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS) depthwise_backward_input_any_##suffix(                     \
      T* dx, const T* grad, const float* weight, SIZES, int kernel, int stride, long long count) {                 \
    backward_input_any<T>(dx, grad, weight, TAKEN, kernel, stride, count);                                         \
  }                                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS) depthwise_backward_weight_any_##suffix(                    \
      float* partial, const T* x, const T* grad, SIZES, int kernel, int stride, int rows_of_part, long long count) { \
    backward_weight_any<T>(partial, x, grad, TAKEN, kernel, stride, rows_of_part, count);                          \
  }

#define OF_ELEMENT(T, suffix)                                                                     \
  SLIDING(T, suffix) OF_WINDOW(3, 2, T, suffix) OF_WINDOW(5, 1, T, suffix)                         \
  OF_WINDOW(5, 2, T, suffix) OF_WINDOW(7, 1, T, suffix) OF_WINDOW(7, 2, T, suffix) OF_ANY(T, suffix)

OF_ELEMENT(float, f32)
OF_ELEMENT(bf16, bf16)
