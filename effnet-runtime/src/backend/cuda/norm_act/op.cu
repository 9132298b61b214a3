// Batch normalisation, activation and residual: the formulas of effnet-runtime/src/backend/cpu/norm_act, over maps as
// matrices [rows, channels].
//
// `norm` is f32 [4, channels]: mean, inv_std, scale = γ·inv_std, shift = β. `branch` is a factor for each image, 1
// where it is null.
#include "../activation.cuh"
#include "../columns.cuh"

namespace {

/// A count, mean and sum of squares around it of N channels.
template <int N>
struct Moments {
  float count;
  float mean[N];
  float squares[N];
};

/// Joins the moments of other rows to these (Chan, Golub, LeVeque 1979).
template <int N>
__device__ __forceinline__ void join(Moments<N>& to, const Moments<N>& other) {
  const float count = to.count + other.count;
  if (other.count == 0.f) return;
  const float share = other.count / count;
#pragma unroll
  for (int i = 0; i < N; i++) {
    const float delta = other.mean[i] - to.mean[i];
    to.mean[i] += delta * share;
    to.squares[i] += other.squares[i] + delta * delta * (to.count * share);
  }
  to.count = count;
}

}  // namespace

/// Mean and squares of each block of rows: parts = [blocks, 2, channels]. Welford in each lane, then the lanes joined
/// as a tree. Shared: 2·N floats a thread and one a lane.
/// Reads an element once; writes 8 bytes for a block and channel.
template <class T, int N>
__device__ void norm_act_moments(const T* __restrict__ z, float* __restrict__ parts, int rows, int channels,
                                 int rows_of_block) {
  DYN_SHARED(float, shared);
  const int channel = column<N>(), lanes = blockDim.y, lane = threadIdx.y, threads = blockDim.x * lanes;
  const int first = blockIdx.x * rows_of_block, last = min(first + rows_of_block, rows);
  Moments<N> mine = {};
  if (channel < channels) {
    const T* const maps[] = {z + channel};
    over_rows<4, N>(maps, first, last, channels, [&](int, const Raw<T, N>(&raws)[1]) {
      float values[N];
      unpack(raws[0], values);
      mine.count += 1.f;
      const float share = __fdividef(1.f, mine.count);
#pragma unroll
      for (int i = 0; i < N; i++) {
        const float delta = values[i] - mine.mean[i];
        mine.mean[i] += delta * share;
        mine.squares[i] += delta * (values[i] - mine.mean[i]);
      }
    });
  }
  const int at = lane * blockDim.x + threadIdx.x;
  float* counts = shared + 2 * N * threads;
  int distance = 1;
  while (distance < lanes) distance *= 2;
  for (distance /= 2; distance > 0; distance /= 2) {
    // Lanes from `distance` to its double hand theirs over; all threads of a lane have the same count.
    if (lane >= distance && lane < 2 * distance) {
#pragma unroll
      for (int i = 0; i < N; i++) {
        shared[i * threads + at] = mine.mean[i];
        shared[(N + i) * threads + at] = mine.squares[i];
      }
      if (threadIdx.x == 0) counts[lane] = mine.count;
    }
    __syncthreads();
    if (lane < distance && lane + distance < lanes) {
      const int from = at + distance * blockDim.x;
      Moments<N> other;
      other.count = counts[lane + distance];
#pragma unroll
      for (int i = 0; i < N; i++) {
        other.mean[i] = shared[i * threads + from];
        other.squares[i] = shared[(N + i) * threads + from];
      }
      join(mine, other);
    }
  }
  if (lane == 0 && channel < channels) {
    float* part = parts + static_cast<long long>(blockIdx.x) * 2 * channels + channel;
    store_all<N>(part, mine.mean);
    store_all<N>(part + channels, mine.squares);
  }
}
#define MOMENTS(T) const T *z, float *parts, int rows, int channels, int rows_of_block
WIDE_ENTRY_POINTS(3, norm_act_moments, MOMENTS, z, parts, rows, channels, rows_of_block)

namespace {

/// The sum of `value` over the lanes, for every thread of its column. `shared` holds a double a thread.
__device__ __forceinline__ double over_lanes(double value, double* shared) {
  const int lanes = blockDim.y, lane = threadIdx.y, at = lane * blockDim.x + threadIdx.x;
  __syncthreads();
  shared[at] = value;
  int distance = 1;
  while (distance < lanes) distance *= 2;
  for (distance /= 2; distance > 0; distance /= 2) {
    __syncthreads();
    if (lane < distance && lane + distance < lanes) shared[at] += shared[at + distance * blockDim.x];
  }
  __syncthreads();
  return shared[threadIdx.x];
}

}  // namespace

/// Joins the parts of all blocks, in f64 and in a fixed order, and makes the normalisation of them: `norm` as above,
/// and `moments` = [2, channels]: mean, and unbiased variance (0 for a single row). Shared: 8 bytes a thread.
/// Reads the parts; writes 24 bytes a channel.
extern "C" __global__ void __launch_bounds__(THREADS)
    norm_act_join_f32(const float* __restrict__ parts, const float* __restrict__ gamma, const float* __restrict__ beta,
                  float* __restrict__ norm, float* __restrict__ moments, int rows, int channels, int rows_of_block,
                  int blocks, float eps) {
  DYN_SHARED(double, shared);
  const int channel = column<1>();
  const bool has_work = channel < channels;
  // Sums over all rows: of the values, of the squares of each block's mean, of the squares around that mean. In f64
  // their difference loses nothing that f32 could hold.
  double sum = 0.0, of_means = 0.0, around_means = 0.0;
  if (has_work) {
    const float* const maps[] = {parts + channel, parts + channels + channel};
    over_rows<8, 1>(maps, 0, blocks, 2 * channels, [&](int block, const Raw<float, 1>(&raws)[2]) {
      const double count = min(rows_of_block, rows - block * rows_of_block), mean = raws[0].values[0];
      sum += count * mean;
      of_means += count * mean * mean;
      around_means += raws[1].values[0];
    });
  }
  const double mean = over_lanes(sum, shared) / rows;
  const double squares = fmax(over_lanes(of_means, shared) - rows * mean * mean, 0.0) + over_lanes(around_means, shared);
  if (threadIdx.y == 0 && has_work) {
    const float inv_std = static_cast<float>(1.0 / sqrt(squares / rows + eps));
    norm[channel] = moments[channel] = static_cast<float>(mean);
    norm[channels + channel] = inv_std;
    norm[2 * channels + channel] = gamma[channel] * inv_std;
    norm[3 * channels + channel] = beta[channel];
    moments[channels + channel] = static_cast<float>(squares / max(rows - 1, 1));
  }
}

/// `norm` of running statistics. One thread a channel.
extern "C" __global__ void __launch_bounds__(THREADS)
    norm_act_running_f32(const float* __restrict__ mean, const float* __restrict__ variance,
                     const float* __restrict__ gamma, const float* __restrict__ beta, float* __restrict__ norm,
                     int channels, float eps) {
  const int channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= channels) return;
  const float inv_std = static_cast<float>(1.0 / sqrt(static_cast<double>(variance[channel]) + eps));
  norm[channel] = mean[channel];
  norm[channels + channel] = inv_std;
  norm[2 * channels + channel] = gamma[channel] * inv_std;
  norm[3 * channels + channel] = beta[channel];
}

namespace {

/// `y = f(u)`, or `y = residual + branch[image] · f(u)`.
/// Reads an element of z, and one of the residual where there is one; writes one.
template <class T, int N, bool RESIDUAL>
__device__ __forceinline__ void forward(const T* __restrict__ z, const T* __restrict__ residual,
                                        const float* __restrict__ branch, const float* __restrict__ norm,
                                        T* __restrict__ y, int rows, int channels, int rows_of_block,
                                        int rows_of_image, int activation) {
  const int channel = column<N>();
  if (channel >= channels) return;
  float mean[N], scale[N], shift[N];
  load_all<N>(norm + channel, mean);
  load_all<N>(norm + 2 * channels + channel, scale);
  load_all<N>(norm + 3 * channels + channel, shift);
  const int first = blockIdx.x * rows_of_block, last = min(first + rows_of_block, rows);
  const T* maps[1 + RESIDUAL] = {z + channel};
  if constexpr (RESIDUAL) maps[1] = residual + channel;
  over_rows<2, N>(maps, first, last, channels, [&](int row, const Raw<T, N>(&raws)[1 + RESIDUAL]) {
    float u[N];
    unpack(raws[0], u);
#pragma unroll
    for (int i = 0; i < N; i++) u[i] = (u[i] - mean[i]) * scale[i] + shift[i];
    activate(activation, u);
    if constexpr (RESIDUAL) {
      const float factor = branch ? branch[row / rows_of_image] : 1.f;
      float added[N];
      unpack(raws[RESIDUAL], added);
#pragma unroll
      for (int i = 0; i < N; i++) u[i] = factor * u[i] + added[i];
    }
    store_all<N>(y + static_cast<long long>(row) * channels + channel, u);
  });
}

}  // namespace

template <class T, int N>
__device__ void norm_act_forward(const T* z, const float* norm, T* y, int rows, int channels, int rows_of_block,
                                 int activation) {
  forward<T, N, false>(z, nullptr, nullptr, norm, y, rows, channels, rows_of_block, 1, activation);
}
#define FORWARD(T) const T *z, const float *norm, T *y, int rows, int channels, int rows_of_block, int activation
WIDE_ENTRY_POINTS(3, norm_act_forward, FORWARD, z, norm, y, rows, channels, rows_of_block, activation)

template <class T, int N>
__device__ void norm_act_residual(const T* z, const T* residual, const float* branch, const float* norm, T* y, int rows,
                                  int channels, int rows_of_block, int rows_of_image, int activation) {
  forward<T, N, true>(z, residual, branch, norm, y, rows, channels, rows_of_block, rows_of_image, activation);
}
#define RESIDUAL_FORWARD(T)                                                                                          \
  const T *z, const T *residual, const float *branch, const float *norm, T *y, int rows, int channels,               \
      int rows_of_block, int rows_of_image, int activation
WIDE_ENTRY_POINTS(3, norm_act_residual, RESIDUAL_FORWARD, z, residual, branch, norm, y, rows, channels, rows_of_block,
                  rows_of_image, activation)

namespace {

/// What the two passes of the gradient share: `centred = z - mean`, and `g = branch[image] · dy · f'(u)`.
template <class T, int N>
__device__ __forceinline__ void gradient(const Raw<T, N> (&z_dy)[2], const float* branch, const float (&mean)[N],
                                         const float (&scale)[N], const float (&shift)[N], int row, int rows_of_image,
                                         int activation, float (&centred)[N], float (&g)[N]) {
  float u[N];
  unpack(z_dy[0], centred);
  unpack(z_dy[1], g);
#pragma unroll
  for (int i = 0; i < N; i++) {
    centred[i] -= mean[i];
    u[i] = centred[i] * scale[i] + shift[i];
  }
  times_derivative(activation, u, g);
  const float factor = branch ? branch[row / rows_of_image] : 1.f;
#pragma unroll
  for (int i = 0; i < N; i++) g[i] *= factor;
}

}  // namespace

/// `Σ g` and `Σ g · ẑ` of each block of rows: parts = [blocks, 2, channels]; their sums are dβ and dγ. Shared: 2·N
/// floats a thread.
/// Reads an element of z and one of dy; writes 8 bytes for a block and channel.
template <class T, int N>
__device__ void norm_act_sums(const T* __restrict__ z, const T* __restrict__ dy, const float* __restrict__ branch,
                              const float* __restrict__ norm, float* __restrict__ parts, int rows, int channels,
                              int rows_of_block, int rows_of_image, int activation) {
  DYN_SHARED(float, shared);
  const int channel = column<N>();
  float sums[2][N] = {};
  if (channel < channels) {
    float mean[N], scale[N], shift[N];
    load_all<N>(norm + channel, mean);
    load_all<N>(norm + 2 * channels + channel, scale);
    load_all<N>(norm + 3 * channels + channel, shift);
    const int first = blockIdx.x * rows_of_block, last = min(first + rows_of_block, rows);
    const T* const maps[] = {z + channel, dy + channel};
    over_rows<4, N>(maps, first, last, channels, [&](int row, const Raw<T, N>(&raws)[2]) {
      float centred[N], g[N];
      gradient(raws, branch, mean, scale, shift, row, rows_of_image, activation, centred, g);
#pragma unroll
      for (int i = 0; i < N; i++) {
        sums[0][i] += g[i];
        sums[1][i] += g[i] * centred[i];
      }
    });
    float inv_std[N];
    load_all<N>(norm + channels + channel, inv_std);
#pragma unroll
    for (int i = 0; i < N; i++) sums[1][i] *= inv_std[i];
  }
  sum_lanes(sums, shared);
  if (threadIdx.y == 0 && channel < channels) {
    float* part = parts + static_cast<long long>(blockIdx.x) * 2 * channels + channel;
    store_all<N>(part, sums[0]);
    store_all<N>(part + channels, sums[1]);
  }
}
#define SUMS(T)                                                                                                \
  const T *z, const T *dy, const float *branch, const float *norm, float *parts, int rows, int channels,      \
      int rows_of_block, int rows_of_image, int activation
WIDE_ENTRY_POINTS(2, norm_act_sums, SUMS, z, dy, branch, norm, parts, rows, channels, rows_of_block, rows_of_image,
                  activation)

/// `dz = scale · (g - share · (dβ + ẑ · dγ))`, `share` being 1/rows for a batch's own statistics, 0 for running ones.
/// `sums` = [2, channels]: dβ, dγ.
/// Reads an element of z and one of dy; writes one.
template <class T, int N>
__device__ void norm_act_backward(const T* __restrict__ z, const T* __restrict__ dy, const float* __restrict__ branch,
                                  const float* __restrict__ norm, const float* __restrict__ sums, T* __restrict__ dz,
                                  int rows, int channels, int rows_of_block, int rows_of_image, int activation,
                                  float share) {
  const int channel = column<N>();
  if (channel >= channels) return;
  float mean[N], scale[N], shift[N], constant[N], slope[N];
  load_all<N>(norm + channel, mean);
  load_all<N>(norm + channels + channel, slope);
  load_all<N>(norm + 2 * channels + channel, scale);
  load_all<N>(norm + 3 * channels + channel, shift);
  load_all<N>(sums + channel, constant);
#pragma unroll
  for (int i = 0; i < N; i++) {
    constant[i] *= share * scale[i];
    slope[i] *= share * scale[i] * sums[channels + channel + i];
  }
  const int first = blockIdx.x * rows_of_block, last = min(first + rows_of_block, rows);
  const T* const maps[] = {z + channel, dy + channel};
  over_rows<2, N>(maps, first, last, channels, [&](int row, const Raw<T, N>(&raws)[2]) {
    float centred[N], g[N];
    gradient(raws, branch, mean, scale, shift, row, rows_of_image, activation, centred, g);
#pragma unroll
    for (int i = 0; i < N; i++) g[i] = g[i] * scale[i] - constant[i] - centred[i] * slope[i];
    store_all<N>(dz + static_cast<long long>(row) * channels + channel, g);
  });
}
#define BACKWARD(T)                                                                                                 \
  const T *z, const T *dy, const float *branch, const float *norm, const float *sums, T *dz, int rows, int channels, \
      int rows_of_block, int rows_of_image, int activation, float share
WIDE_ENTRY_POINTS(2, norm_act_backward, BACKWARD, z, dy, branch, norm, sums, dz, rows, channels, rows_of_block,
                  rows_of_image, activation, share)
