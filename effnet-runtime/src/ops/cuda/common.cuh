// What every op.cu shares: number formats, dynamic shared memory, indices, sums over a block, entry points.
//
// Kernels read and write f32 or bf16 and calculate in f32. Blocks have THREADS threads unless a kernel says otherwise,
// always a multiple of a warp. The same text is compiled by nvcc and, by the tests, as C++ for the CPU; CUDA_EMU is
// defined there.
#pragma once

#ifndef CUDA_EMU
#include <cuda_bf16.h>
#endif

typedef __nv_bfloat16 bf16;

/// Threads of a block.
constexpr int THREADS = 256;
/// Threads that run in step.
constexpr int WARP = 32;

// DYN_SHARED(type, name): the block's dynamic shared memory as an array; a kernel has one.
#ifndef DYN_SHARED
extern __shared__ __align__(16) unsigned char dyn_shared_bytes[];
#define DYN_SHARED(type, name) type* name = reinterpret_cast<type*>(dyn_shared_bytes)
#endif

// ENTRY_POINTS(name, PARAMETERS, arguments…): the kernels name_f32 and name_bf16 of a template `name<T>`. PARAMETERS is a
// macro of one argument, the element type, that expands to the parameter list.
#define ENTRY_POINTS(name, PARAMETERS, ...)                                               \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_f32(PARAMETERS(float)) {   \
    name<float>(__VA_ARGS__);                                                             \
  }                                                                                       \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_bf16(PARAMETERS(bf16)) {   \
    name<bf16>(__VA_ARGS__);                                                              \
  }

// WIDE_ENTRY_POINTS: of a template `name<T, N>`, for N = 1 and, as name_wide_f32 and name_wide_bf16, for N = WIDE<T>, which
// needs rows of a multiple of N elements that start at a multiple of 16 bytes. Of the wide ones three blocks fit a
// multiprocessor: with fewer there is not enough under way for the memory's latency.
#define WIDE_ENTRY_POINTS(name, PARAMETERS, ...)                                              \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_f32(PARAMETERS(float)) {       \
    name<float, 1>(__VA_ARGS__);                                                              \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_bf16(PARAMETERS(bf16)) {       \
    name<bf16, 1>(__VA_ARGS__);                                                               \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, 3) name##_wide_f32(PARAMETERS(float)) {  \
    name<float, WIDE<float>>(__VA_ARGS__);                                                    \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, 3) name##_wide_bf16(PARAMETERS(bf16)) {  \
    name<bf16, WIDE<bf16>>(__VA_ARGS__);                                                      \
  }

/// Elements of 16 bytes, the most that a thread moves in one instruction.
template <class T>
constexpr int WIDE = 16 / sizeof(T);

__device__ __forceinline__ float load(const float* from) { return *from; }
__device__ __forceinline__ float load(const bf16* from) { return __bfloat162float(*from); }

__device__ __forceinline__ void store(float* to, float value) { *to = value; }
__device__ __forceinline__ void store(bf16* to, float value) { *to = __float2bfloat16(value); }

/// 16 bytes of elements.
template <class T>
struct alignas(16) Pack {
  T values[WIDE<T>];
};

/// `values = from[0..N]`: one element, or the 16 bytes at a multiple of 16 bytes.
template <int N, class T>
__device__ __forceinline__ void load_all(const T* from, float (&values)[N]) {
  if constexpr (N == WIDE<T>) {
    const Pack<T> pack = *reinterpret_cast<const Pack<T>*>(from);
#pragma unroll
    for (int i = 0; i < N; i++) values[i] = load(&pack.values[i]);
  } else if constexpr (N == 2 * WIDE<T>) {
    const Pack<T> low = reinterpret_cast<const Pack<T>*>(from)[0];
    const Pack<T> high = reinterpret_cast<const Pack<T>*>(from)[1];
#pragma unroll
    for (int i = 0; i < WIDE<T>; i++) {
      values[i] = load(&low.values[i]);
      values[WIDE<T> + i] = load(&high.values[i]);
    }
  } else {
    static_assert(N == 1, "one element, or whole packs of 16 bytes");
    values[0] = load(from);
  }
}

/// `to[0..N] = values`, as `load_all`.
template <int N, class T>
__device__ __forceinline__ void store_all(T* to, const float (&values)[N]) {
  if constexpr (N == WIDE<T>) {
    Pack<T> pack;
#pragma unroll
    for (int i = 0; i < N; i++) store(&pack.values[i], values[i]);
    *reinterpret_cast<Pack<T>*>(to) = pack;
  } else if constexpr (N == 2 * WIDE<T>) {
    Pack<T> low, high;
#pragma unroll
    for (int i = 0; i < WIDE<T>; i++) {
      store(&low.values[i], values[i]);
      store(&high.values[i], values[WIDE<T> + i]);
    }
    reinterpret_cast<Pack<T>*>(to)[0] = low;
    reinterpret_cast<Pack<T>*>(to)[1] = high;
  } else {
    static_assert(N == 1, "one element, or whole packs of 16 bytes");
    store(to, values[0]);
  }
}

/// This thread among those of the grid's first axis.
__device__ __forceinline__ long long thread_index() {
  return static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// Threads of the grid's first axis: the stride of a loop over more elements than threads.
__device__ __forceinline__ long long thread_count() { return static_cast<long long>(gridDim.x) * blockDim.x; }

/// The sum of `value` over the block, for every thread, in an order that follows from the block's size alone. All threads
/// of a one-dimensional block of whole warps call it.
template <class T>
__device__ __forceinline__ T block_sum(T value) {
  __shared__ T of_warp[WARP];
  const int lane = threadIdx.x % WARP, warps = (blockDim.x + WARP - 1) / WARP;
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(~0u, value, distance);
  if (lane == 0) of_warp[threadIdx.x / WARP] = value;
  __syncthreads();
  value = lane < warps ? of_warp[lane] : T(0);
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(~0u, value, distance);
  __syncthreads();  // so that the next sum does not write what a thread still reads
  return value;
}
