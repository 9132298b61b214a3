// What candle's kernels need beyond shim.h, behind it.
#define __CUDA_ARCH__ 800
#define __CUDACC_VER_MAJOR__ 13
#define __CUDACC_VER_MINOR__ 0
static inline float __uint_as_float(unsigned u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}
static inline unsigned __float_as_uint(float f) {
  unsigned u;
  memcpy(&u, &f, 4);
  return u;
}
static inline float __int_as_float(int u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}
static inline int __float_as_int(float f) {
  int u;
  memcpy(&u, &f, 4);
  return u;
}
static inline double __longlong_as_double(long long u) {
  double f;
  memcpy(&f, &u, 8);
  return f;
}
static inline long long __double_as_longlong(double f) {
  long long u;
  memcpy(&u, &f, 8);
  return u;
}
static inline float normcdff(float x) { return 0.5f * erfcf(-x * (float)M_SQRT1_2); }
static inline double normcdf(double x) { return 0.5 * erfc(-x * M_SQRT1_2); }
#define EMU_H1(n, f)                                                    \
  static inline __half n(__half a) { return __half(f(float(a))); }      \
  static inline __nv_bfloat16 n(__nv_bfloat16 a) { return __nv_bfloat16(f(float(a))); }
EMU_H1(hsqrt, sqrtf) EMU_H1(hcos, cosf) EMU_H1(hsin, sinf) EMU_H1(hlog, logf) EMU_H1(hexp, expf)
using std::signbit; using std::isnan; using std::isinf;
