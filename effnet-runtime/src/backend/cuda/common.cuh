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

// ENTRY_POINTS(name, PARAMETERS, arguments…): the kernels name_f32 and name_bf16 of a template `name<T>`. PARAMETERS is
// a macro of one argument, the element type, that expands to the parameter list.
#define ENTRY_POINTS(name, PARAMETERS, ...)                                               \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_f32(PARAMETERS(float)) {   \
    name<float>(__VA_ARGS__);                                                             \
  }                                                                                       \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_bf16(PARAMETERS(bf16)) {   \
    name<bf16>(__VA_ARGS__);                                                              \
  }

// WIDE_ENTRY_POINTS: of a template `name<T, N>`, for N = 1 and, as name_wide_f32 and name_wide_bf16, for N = WIDE<T>,
// which needs rows of a multiple of N elements that start at a multiple of 16 bytes. `blocks` wide ones fit a
// multiprocessor, which bounds the registers that a thread has for what is under way from memory.
#define WIDE_ENTRY_POINTS(blocks, name, PARAMETERS, ...)                                      \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_f32(PARAMETERS(float)) {       \
    name<float, 1>(__VA_ARGS__);                                                              \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name##_bf16(PARAMETERS(bf16)) {       \
    name<bf16, 1>(__VA_ARGS__);                                                               \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, blocks) name##_wide_f32(PARAMETERS(float)) {  \
    name<float, WIDE<float>>(__VA_ARGS__);                                                    \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, blocks) name##_wide_bf16(PARAMETERS(bf16)) {  \
    name<bf16, WIDE<bf16>>(__VA_ARGS__);                                                      \
  }

/// Elements of 16 bytes, the most that a thread moves in one instruction.
template <class T>
constexpr int WIDE = 16 / sizeof(T);

__device__ __forceinline__ float load(const float* from) { return *from; }
__device__ __forceinline__ float load(const bf16* from) { return __bfloat162float(*from); }

__device__ __forceinline__ void store(float* to, float value) { *to = value; }
__device__ __forceinline__ void store(bf16* to, float value) { *to = __float2bfloat16(value); }

/// N neighbouring elements as they lie in memory, at a multiple of their bytes.
template <class T, int N>
struct alignas(N * sizeof(T)) Raw {
  T values[N];
};

template <class T, int N>
__device__ __forceinline__ void unpack(const Raw<T, N>& raw, float (&values)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) values[i] = load(&raw.values[i]);
}

/// The elements at `from`, of at most 16 bytes together.
template <int N, class T>
__device__ __forceinline__ Raw<T, N> load_raw(const T* from) {
  static_assert(N <= WIDE<T>, "more than one instruction loads");
  return *reinterpret_cast<const Raw<T, N>*>(from);
}

/// `values = from[0..N]`, which lie at a multiple of their bytes, or of 16 where they are more.
template <int N, class T>
__device__ __forceinline__ void load_all(const T* from, float (&values)[N]) {
  constexpr int PACK = N < WIDE<T> ? N : WIDE<T>;
  Raw<T, PACK> packs[N / PACK];
#pragma unroll
  for (int i = 0; i < N / PACK; i++) packs[i] = load_raw<PACK>(from + i * PACK);
#pragma unroll
  for (int i = 0; i < N; i++) values[i] = load(&packs[i / PACK].values[i % PACK]);
}

/// `to[0..N] = values`, as `load_all`.
template <int N, class T>
__device__ __forceinline__ void store_all(T* to, const float (&values)[N]) {
  constexpr int PACK = N < WIDE<T> ? N : WIDE<T>;
  Raw<T, PACK> packs[N / PACK];
#pragma unroll
  for (int i = 0; i < N; i++) store(&packs[i / PACK].values[i % PACK], values[i]);
#pragma unroll
  for (int i = 0; i < N / PACK; i++) reinterpret_cast<Raw<T, PACK>*>(to)[i] = packs[i];
}

/// This thread among those of the grid's first axis.
__device__ __forceinline__ long long thread_index() {
  return static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// Threads of the grid's first axis: the stride of a loop over more elements than threads.
__device__ __forceinline__ long long thread_count() { return static_cast<long long>(gridDim.x) * blockDim.x; }

/// The sum of `value` over the block, for every thread, in an order that follows from the block's size alone. All
/// threads of a one-dimensional block of whole warps call it.
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
