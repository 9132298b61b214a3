// The non-linearities and their derivatives, as effnet-kernels/src/activation.rs defines them.
#pragma once
#include "common.cuh"

/// Which non-linearity; the numbers are those of effnet-runtime/src/backend/cuda/activation.rs.
enum Activation { IDENTITY = 0, SILU = 1, RELU = 2, RELU6 = 3, HARD_SWISH = 4 };

/// `1 / (1 + e⁻ᵘ)`, to some units in the last place: the hardware's exponential and reciprocal, without which a pass
/// with SiLU would be bound by arithmetic.
__device__ __forceinline__ float sigmoid(float u) { return __fdividef(1.f, 1.f + __expf(-u)); }

/// `max(u, 0)` and `min(u, 6)` that keep NaN.
__device__ __forceinline__ float positive(float u) { return u < 0.f ? 0.f : u; }
__device__ __forceinline__ float at_most_6(float u) { return u > 6.f ? 6.f : u; }

/// `u = f(u)` of each.
template <int N>
__device__ __forceinline__ void activate(int activation, float (&u)[N]) {
  switch (activation) {
    case SILU:
#pragma unroll
      for (int i = 0; i < N; i++) u[i] = __fdividef(u[i], 1.f + __expf(-u[i]));
      break;
    case RELU:
#pragma unroll
      for (int i = 0; i < N; i++) u[i] = positive(u[i]);
      break;
    case RELU6:
#pragma unroll
      for (int i = 0; i < N; i++) u[i] = at_most_6(positive(u[i]));
      break;
    case HARD_SWISH:
#pragma unroll
      for (int i = 0; i < N; i++) u[i] *= at_most_6(positive(u[i] + 3.f)) * (1.f / 6.f);
      break;
    default:
      break;
  }
}

/// `g = g · f'(u)` of each; at a kink, PyTorch's choice.
template <int N>
__device__ __forceinline__ void times_derivative(int activation, const float (&u)[N], float (&g)[N]) {
  switch (activation) {
    case SILU:
#pragma unroll
      for (int i = 0; i < N; i++) {
        const float s = sigmoid(u[i]);
        g[i] *= s * (u[i] * (1.f - s) + 1.f);
      }
      break;
    case RELU:
#pragma unroll
      for (int i = 0; i < N; i++) g[i] *= u[i] > 0.f ? 1.f : 0.f;
      break;
    case RELU6:
#pragma unroll
      for (int i = 0; i < N; i++) g[i] *= u[i] > 0.f && u[i] < 6.f ? 1.f : 0.f;
      break;
    case HARD_SWISH:
#pragma unroll
      for (int i = 0; i < N; i++) g[i] *= u[i] <= -3.f ? 0.f : u[i] < 3.f ? u[i] * (1.f / 3.f) + 0.5f : 1.f;
      break;
    default:
      break;
  }
}
