// Passes over a matrix [rows, channels] whose threads keep to their channels, so that what belongs to a channel stays
// in registers and no index is divided.
//
// A block is two-dimensional: x counts packs of N neighbouring channels, y counts lanes of rows. It passes over
// `rows_of_block` rows of its channels, lane l taking the rows l, l + lanes, l + 2·lanes, …; neighbouring threads read
// neighbouring bytes. The grid's x counts blocks of rows, its y tiles of channels. columns.rs makes the shapes.
#pragma once
#include "common.cuh"

/// The first of this thread's channels; past the last channel for a thread without work, which still meets barriers.
template <int N>
__device__ __forceinline__ int column() {
  return (blockIdx.y * blockDim.x + threadIdx.x) * N;
}

/// Calls `work(row, raws)` for each of this thread's rows from `first` to `last`: `raws` are its channels of MAPS
/// matrices, given by where the channels lie in row 0. ROUND rows are asked for before the first is worked on, which
/// hides memory's latency.
template <int ROUND, int N, int MAPS, class T, class Work>
__device__ __forceinline__ void over_rows(const T* const (&maps)[MAPS], int first, int last, int channels, Work work) {
  const int lanes = blockDim.y;
  int row = first + static_cast<int>(threadIdx.y);
  for (; row < last - (ROUND - 1) * lanes; row += ROUND * lanes) {
    Raw<T, N> raws[ROUND][MAPS];
#pragma unroll
    for (int k = 0; k < ROUND; k++) {
#pragma unroll
      for (int m = 0; m < MAPS; m++) {
        raws[k][m] = load_raw<N>(maps[m] + static_cast<long long>(row + k * lanes) * channels);
      }
    }
#pragma unroll
    for (int k = 0; k < ROUND; k++) work(row + k * lanes, raws[k]);
  }
  if (row >= last) return;
  Raw<T, N> raws[ROUND][MAPS] = {};
#pragma unroll
  for (int k = 0; k < ROUND; k++) {
    if (row + k * lanes >= last) continue;
#pragma unroll
    for (int m = 0; m < MAPS; m++) {
      raws[k][m] = load_raw<N>(maps[m] + static_cast<long long>(row + k * lanes) * channels);
    }
  }
#pragma unroll
  for (int k = 0; k < ROUND; k++) {
    if (row + k * lanes < last) work(row + k * lanes, raws[k]);
  }
}

/// Sums `values` over the lanes of the block, in an order that follows from the number of lanes alone; lane 0 has the
/// result. `shared` holds S · N floats a thread. All threads of the block call it.
template <int S, int N>
__device__ __forceinline__ void sum_lanes(float (&values)[S][N], float* shared) {
  const int lanes = blockDim.y, lane = threadIdx.y, threads = blockDim.x * lanes;
  const int at = lane * blockDim.x + threadIdx.x;
#pragma unroll
  for (int k = 0; k < S * N; k++) shared[k * threads + at] = values[k / N][k % N];
  int distance = 1;
  while (distance < lanes) distance *= 2;
  for (distance /= 2; distance > 0; distance /= 2) {
    __syncthreads();
    if (lane < distance && lane + distance < lanes) {
      const int other = at + distance * blockDim.x;
#pragma unroll
      for (int k = 0; k < S * N; k++) shared[k * threads + at] += shared[k * threads + other];
    }
  }
  if (lane == 0) {
#pragma unroll
    for (int k = 0; k < S * N; k++) values[k / N][k % N] = shared[k * threads + at];
  }
}
