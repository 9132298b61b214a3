// Softmax cross entropy with soft targets, of f32 logits [rows, classes]; a block a row.
#include "../common.cuh"

namespace {

/// The largest of the block's values, for every thread; a NaN among them is left out, as the sums find it.
__device__ __forceinline__ float block_max(float value) {
  __shared__ float of_warp[WARP];
  const int lane = threadIdx.x % WARP, warps = (blockDim.x + WARP - 1) / WARP;
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, distance));
  if (lane == 0) of_warp[threadIdx.x / WARP] = value;
  __syncthreads();
  value = lane < warps ? of_warp[lane] : -INFINITY;
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, distance));
  __syncthreads();
  return value;
}

}  // namespace

/// `losses[row] = Σ targets · (log_sum_exp - logits)`, and what the gradient needs of a row: `normalisers` = [rows, 2],
/// log Σ exp and Σ targets.
/// Reads the logits three times and the targets once, of which the first time comes from memory; writes 12 bytes a row.
extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_rows_f32(const float* __restrict__ logits, const float* __restrict__ targets, float* __restrict__ losses,
                       float* __restrict__ normalisers, int classes) {
  logits += static_cast<long long>(blockIdx.x) * classes;
  targets += static_cast<long long>(blockIdx.x) * classes;
  float largest = -INFINITY;
  for (int at = threadIdx.x; at < classes; at += blockDim.x) largest = fmaxf(largest, logits[at]);
  largest = block_max(largest);
  float sum = 0.f;
  for (int at = threadIdx.x; at < classes; at += blockDim.x) sum += expf(logits[at] - largest);
  const float normaliser = largest + logf(block_sum(sum));
  float loss = 0.f, mass = 0.f;
  for (int at = threadIdx.x; at < classes; at += blockDim.x) {
    loss += targets[at] * (normaliser - logits[at]);
    mass += targets[at];
  }
  loss = block_sum(loss);
  mass = block_sum(mass);
  if (threadIdx.x == 0) {
    losses[blockIdx.x] = loss;
    normalisers[2 * blockIdx.x] = normaliser;
    normalisers[2 * blockIdx.x + 1] = mass;
  }
}

/// The mean of the rows' losses: one block.
extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_mean_f32(const float* __restrict__ losses, float* __restrict__ mean, int rows) {
  float sum = 0.f;
  for (int at = threadIdx.x; at < rows; at += blockDim.x) sum += losses[at];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *mean = sum / rows;
}

/// `(softmax(logits) · Σ targets - targets) · d_loss / rows`.
/// Reads an element of the logits and one of the targets; writes one.
extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_backward_f32(const float* __restrict__ logits, const float* __restrict__ targets,
                           const float* __restrict__ normalisers, const float* __restrict__ d_loss,
                           float* __restrict__ d_logits, int rows, int classes) {
  const long long row = static_cast<long long>(blockIdx.x) * classes;
  const float normaliser = normalisers[2 * blockIdx.x], mass = normalisers[2 * blockIdx.x + 1];
  const float share = *d_loss / rows;
  for (int at = threadIdx.x; at < classes; at += blockDim.x) {
    d_logits[row + at] = (expf(logits[row + at] - normaliser) * mass - targets[row + at]) * share;
  }
}
