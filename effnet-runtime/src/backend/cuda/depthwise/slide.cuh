// Depthwise convolution with a window of 3 × 3 and stride 1: a thread goes down a strip of columns, and every line of
// the input passes by once. What is under way from memory is the next line, asked for before this one is worked on.
//
// The input's gradient is the same convolution of the output's: with the window turned around, and as much in front of
// the map as the other has behind it.
#pragma once
#include "sizes.cuh"

namespace {

/// Side of the window.
constexpr int SIDE = 3;
/// Pixels of the input's line that a strip's windows see.
constexpr int SEEN = STRIP + SIDE - 1;
/// Channels of a thread.
constexpr int SLIDE = 2;

/// What a thread goes down: SLIDE channels of a strip of columns of the output, from row `first` to `last`.
struct Descent {
  int channel, x, first, last, image;
};

/// `number` counts strips, then segments of `rows` rows, then images.
__device__ __forceinline__ Descent descent(int number, int channel, Sizes s, int rows) {
  const int strips = (s.out_width + STRIP - 1) / STRIP, segments = (s.out_height + rows - 1) / rows;
  Descent to;
  to.channel = channel;
  to.x = number % strips * STRIP;
  number /= strips;
  to.first = number % segments * rows;
  to.last = min(to.first + rows, s.out_height);
  to.image = number / segments;
  return to;
}

/// Whether the input has this line.
__device__ __forceinline__ bool is_line(int y, Sizes s) { return y >= 0 && y < s.in_height; }

/// Pixels `x ..` of a line, given by where its channels lie at column 0; zeros outside the map.
template <int COUNT, class T, int N>
__device__ __forceinline__ void load_line(const T* line, bool is_inside, int x, int width, int channels,
                                          Raw<T, N> (&pixels)[COUNT]) {
#pragma unroll
  for (int j = 0; j < COUNT; j++) {
    pixels[j] = Raw<T, N>{};
    if (is_inside && x + j >= 0 && x + j < width) {
      pixels[j] = load_raw<N>(line + static_cast<long long>(x + j) * channels);
    }
  }
}

/// `weight` is [taps, C].
template <class T>
__device__ __forceinline__ void slide(T* __restrict__ out, const T* __restrict__ x, const float* __restrict__ weight,
                                      Sizes s, int rows, int count) {
  constexpr int N = SLIDE;
  const int index = static_cast<int>(thread_index()), packs = s.channels / N;
  if (index >= count) return;
  const Descent to = descent(index / packs, index % packs * N, s, rows);
  float taps[SIDE * SIDE][N];
#pragma unroll
  for (int tap = 0; tap < SIDE * SIDE; tap++) load_all<N>(weight + tap * s.channels + to.channel, taps[tap]);
  const T* map = x + at(to.image, 0, 0, s.in_height, s.in_width, s.channels) + to.channel;
  T* result = out + at(to.image, 0, 0, s.out_height, s.out_width, s.channels) + to.channel;
  const int line = s.in_width * s.channels, column = to.x - s.left;
  // The sums of the output's rows row - 2, row - 1 and row.
  float sums[SIDE][STRIP][N] = {};
  Raw<T, N> next[SEEN];
  load_line(map + static_cast<long long>(to.first - s.top) * line, is_line(to.first - s.top, s), column, s.in_width,
            s.channels, next);
#pragma unroll 1  // else addresses take the registers that other blocks need
  for (int row = to.first; row < to.last + SIDE - 1; row++) {
    Raw<T, N> now[SEEN];
#pragma unroll
    for (int j = 0; j < SEEN; j++) now[j] = next[j];
    const int y = row + 1 - s.top;
    load_line(map + static_cast<long long>(y) * line, is_line(y, s) && row < to.last + SIDE - 2, column,
              s.in_width, s.channels, next);
#pragma unroll
    for (int j = 0; j < SEEN; j++) {
      float values[N];
      unpack(now[j], values);
#pragma unroll
      for (int p = 0; p < STRIP; p++) {
        const int kx = j - p;
        if (kx < 0 || kx >= SIDE) continue;
#pragma unroll
        for (int ky = 0; ky < SIDE; ky++) {
#pragma unroll
          for (int c = 0; c < N; c++) sums[SIDE - 1 - ky][p][c] += values[c] * taps[ky * SIDE + kx][c];
        }
      }
    }
    const int done = row - (SIDE - 1);
    if (done >= to.first) {
#pragma unroll
      for (int p = 0; p < STRIP; p++) {
        if (to.x + p < s.out_width) {
          store_all<N>(result + (static_cast<long long>(done) * s.out_width + to.x + p) * s.channels, sums[0][p]);
        }
      }
    }
#pragma unroll
    for (int p = 0; p < STRIP; p++) {
#pragma unroll
      for (int c = 0; c < N; c++) {
        sums[0][p][c] = sums[1][p][c];
        sums[1][p][c] = sums[2][p][c];
        sums[2][p][c] = 0.f;
      }
    }
  }
}

/// A block's share of the weight's gradient: of some channels, over the descents of one part.
///
/// `partial` is [parts, taps, C]. A block has `lanes` threads for each of its `packs` packs of channels; blockIdx.x is
/// the part, blockIdx.y the block of channels.
template <class T>
__device__ __forceinline__ void slide_weight(float* __restrict__ partial, const T* __restrict__ x,
                                             const T* __restrict__ grad, Sizes s, int rows, int descents_of_part,
                                             int packs, int lanes) {
  constexpr int N = SLIDE;
  DYN_SHARED(float, shared);  // [lanes, packs, N]
  const int lane = threadIdx.x / packs, channel = (blockIdx.y * packs + threadIdx.x % packs) * N;
  const bool is_busy = lane < lanes && channel < s.channels;
  const int strips = (s.out_width + STRIP - 1) / STRIP, segments = (s.out_height + rows - 1) / rows;
  const int begin = blockIdx.x * descents_of_part, end = min(begin + descents_of_part, s.batch * segments * strips);
  float sums[SIDE * SIDE][N] = {};
  for (int number = begin + lane; is_busy && number < end; number += lanes) {
    const Descent of = descent(number, channel, s, rows);
    const T* map = x + at(of.image, 0, 0, s.in_height, s.in_width, s.channels) + channel;
    const T* gradient = grad + at(of.image, 0, 0, s.out_height, s.out_width, s.channels) + channel;
    const int in_line = s.in_width * s.channels, out_line = s.out_width * s.channels, column = of.x - s.left;
    // Gradients of the output's rows row - 2, row - 1 and row.
    Raw<T, N> grads[SIDE][STRIP] = {}, next_grads[STRIP], next[SEEN];
    load_line(map + static_cast<long long>(of.first - s.top) * in_line, is_line(of.first - s.top, s), column, s.in_width,
              s.channels, next);
    load_line(gradient + static_cast<long long>(of.first) * out_line, true, of.x, s.out_width, s.channels, next_grads);
#pragma unroll 1
    for (int row = of.first; row < of.last + SIDE - 1; row++) {
      Raw<T, N> now[SEEN];
#pragma unroll
      for (int j = 0; j < SEEN; j++) now[j] = next[j];
#pragma unroll
      for (int p = 0; p < STRIP; p++) {
        grads[0][p] = grads[1][p];
        grads[1][p] = grads[2][p];
        grads[2][p] = next_grads[p];
      }
      const int y = row + 1 - s.top;
      load_line(map + static_cast<long long>(y) * in_line, is_line(y, s) && row < of.last + SIDE - 2, column,
                s.in_width, s.channels, next);
      load_line(gradient + static_cast<long long>(row + 1) * out_line, row + 1 < of.last, of.x, s.out_width, s.channels,
                next_grads);
#pragma unroll
      for (int p = 0; p < STRIP; p++) {
#pragma unroll
        for (int ky = 0; ky < SIDE; ky++) {
          float of_row[N];
          unpack(grads[SIDE - 1 - ky][p], of_row);
#pragma unroll
          for (int kx = 0; kx < SIDE; kx++) {
            float values[N];
            unpack(now[p + kx], values);
#pragma unroll
            for (int c = 0; c < N; c++) sums[ky * SIDE + kx][c] += values[c] * of_row[c];
          }
        }
      }
    }
  }
  // The lanes' sums, in the order of the lanes.
#pragma unroll
  for (int tap = 0; tap < SIDE * SIDE; tap++) {
    __syncthreads();
    if (lane < lanes) {
#pragma unroll
      for (int c = 0; c < N; c++) shared[threadIdx.x * N + c] = sums[tap][c];
    }
    __syncthreads();
    if (lane != 0 || !is_busy) continue;
    float total[N] = {};
    for (int other = 0; other < lanes; other++) {
#pragma unroll
      for (int c = 0; c < N; c++) total[c] += shared[(other * packs + threadIdx.x) * N + c];
    }
    store_all<N>(partial + (static_cast<long long>(blockIdx.x) * SIDE * SIDE + tap) * s.channels + channel, total);
  }
}

}  // namespace
