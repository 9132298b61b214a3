// CUDA C++ kernels as plain C++17 for the CPU: qualifiers, index variables, number formats, and the operations of a warp
// and a block.
//
// Not emulated: tensor cores, inline PTX, textures, cooperative grids, a weak memory model.
#pragma once
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#include <sys/mman.h>
#include <ucontext.h>

#define CUDA_EMU 1
#ifdef EMU_CUDA_HEADERS  // the toolkit's own headers, for candle's kernels
#include <vector_types.h>
#include <vector_functions.h>
#include <cuda_fp16.h>
#include <cuda_bf16.h>
#undef __global__
#undef __device__
#undef __host__
#undef __constant__
#undef __forceinline__
#undef __noinline__
#undef __launch_bounds__
#undef __align__
#undef __shared__
#endif
#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ thread_local  // fine with `static __shared__` too
#define DYN_SHARED(T, name) T *name = (T *)::emu::S.dyn  // on CUDA: extern __shared__ T name[]
#define threadIdx (::emu::S.cur->tid)
#define blockIdx (::emu::S.bid)
#define blockDim (::emu::S.bdim)
#define gridDim (::emu::S.gdim)
#define warpSize 32

#ifndef EMU_CUDA_HEADERS
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
struct __half {
  _Float16 v;
  __half() = default;
  __half(float f) : v((_Float16)f) {}
  operator float() const { return v; }
};
struct __nv_bfloat16 {
  uint16_t v;
  __nv_bfloat16() = default;
  __nv_bfloat16(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    v = f != f ? 0x7fff : (u + 0x7fff + (u >> 16 & 1)) >> 16;
  }
  operator float() const {
    uint32_t u = (uint32_t)v << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
  }
};
static inline float __half2float(__half h) { return h; }
static inline __half __float2half(float f) { return f; }
static inline float __bfloat162float(__nv_bfloat16 h) { return h; }
static inline __nv_bfloat16 __float2bfloat16(float f) { return f; }
#endif

#include "threads.h"

#define EMU_STR2(x) #x
#define EMU_STR(x) EMU_STR2(x)
#define __syncthreads() ::emu::wait(::emu::BLOCK, 0, "__syncthreads line " EMU_STR(__LINE__))
static inline void __syncwarp(unsigned m = ~0u) { emu::wait(emu::WARP, m, "__syncwarp"); }
static inline unsigned emu_lane() { return emu::S.cur->lin % 32; }
template <class T>
T __shfl_sync(unsigned m, T v, int src, int w = 32) {
  int l = emu_lane();
  return emu::xchg(m, v, (l & ~(w - 1)) | (src & (w - 1)), "__shfl_sync");
}
template <class T>
T __shfl_xor_sync(unsigned m, T v, int x, int w = 32) {
  int l = emu_lane(), s = l ^ x;
  return emu::xchg(m, v, (s & ~(w - 1)) > (l & ~(w - 1)) ? l : s, "__shfl_xor_sync");
}
template <class T>
T __shfl_down_sync(unsigned m, T v, unsigned d, int w = 32) {
  int l = emu_lane(), s = l + (int)d;
  return emu::xchg(m, v, (l & (w - 1)) + (int)d >= w ? l : s, "__shfl_down_sync");
}
template <class T>
T __shfl_up_sync(unsigned m, T v, unsigned d, int w = 32) {
  int l = emu_lane(), s = l - (int)d;
  return emu::xchg(m, v, (l & (w - 1)) < (int)d ? l : s, "__shfl_up_sync");
}
static inline unsigned __ballot_sync(unsigned m, int pred) { return emu::ballot_raw(m, pred); }
static inline int __any_sync(unsigned m, int p) { return __ballot_sync(m, p) != 0; }
static inline int __all_sync(unsigned m, int p) { return __ballot_sync(m, p) == m; }
static inline void __threadfence() {}
static inline void __threadfence_block() {}
template <class T> T __ldg(const T *p) { return *p; }
template <class T, class U> T atomicAdd(T *p, U v) { return emu::atomic(p, [=](T o) { return T(o + (T)v); }); }
template <class T, class U> T atomicMax(T *p, U v) { return emu::atomic(p, [=](T o) { return (T)v > o ? (T)v : o; }); }
template <class T, class U> T atomicMin(T *p, U v) { return emu::atomic(p, [=](T o) { return (T)v < o ? (T)v : o; }); }
template <class T>
T atomicCAS(T *p, T cmp, T v) {
  __atomic_compare_exchange(p, &cmp, &v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return cmp;
}
static inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
#define __expf expf
#define __logf logf
#define __sinf sinf
#define __cosf cosf
#define __powf powf
static inline float __frcp_rn(float x) { return 1.f / x; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __fdividef(float a, float b) { return a / b; }
template <class A, class B> std::common_type_t<A, B> min(A a, B b) { return b < a ? b : a; }
template <class A, class B> std::common_type_t<A, B> max(A a, B b) { return a < b ? b : a; }

// A kernel's entry, which takes what cuLaunchKernel does.
#define EMU_KERNEL(name)                                                                                  \
  extern "C" __attribute__((visibility("default"))) int emu_##name(                                       \
      const unsigned *grid, const unsigned *block, size_t shmem, unsigned seed, void **args, char *err,   \
      size_t err_len) {                                                                                   \
    return ::emu::launch_args(name, grid, block, shmem, seed, args, err, err_len);                        \
  }
