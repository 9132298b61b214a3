// libcudnn: convolutions of [N, H, W, C] maps by their definition, summed in f64, of as many of its functions as the
// operations call. What differs from the one use that they make of it is refused: another order of a map, an algorithm
// that does not give the same bits each time, f32 factors rounded to TF32, uneven sizes, a short workspace.
//
// Numbers of enumerations, and the order of arguments, are those of cuDNN 9.
#include <cstdarg>
#include <cstdio>
#include <vector>

#include "api.h"
#include "numbers.h"

// cudnnStatus_t
enum { BAD_PARAM = 2000, NULL_POINTER = 2002, MISALIGNED = 2003, TOO_SMALL = 2006, UNEVEN = 2008, NOT_SUPPORTED = 3000 };
enum { NHWC = 1 };                       // cudnnTensorFormat_t
enum { FLOAT = 0, BFLOAT16 = 9 };        // cudnnDataType_t
enum { CROSS_CORRELATION = 1 };          // cudnnConvolutionMode_t
enum { TENSOR_OP_MATH = 1, FMA_MATH = 3 };  // cudnnMathType_t
// The one deterministic algorithm of each direction that the operations use: cudnnConvolutionFwdAlgo_t's
// IMPLICIT_PRECOMP_GEMM, cudnnConvolutionBwdDataAlgo_t's ALGO_1, cudnnConvolutionBwdFilterAlgo_t's ALGO_1.
constexpr int ALGORITHM = 1;

/// A map's sides n, c, h, w, or a filter's k, c, h, w.
struct Sides {
  int type, n, c, h, w;
  size_t count() const { return (size_t)n * c * h * w; }
};
struct Convolution {
  int type, pad_h, pad_w, stride_h, stride_w, math;
};

__attribute__((format(printf, 2, 3))) static Result refused(Result status, const char *why, ...) {
  va_list arguments;
  va_start(arguments, why);
  fputs("cuda-emu: cudnn: ", stderr);
  vfprintf(stderr, why, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return status;
}

/// Whether the descriptors are those of one convolution that there is a kernel for.
static Result check(const Sides *x, const Sides *w, const Convolution *of, const Sides *y, int algorithm) {
  if (!x || !w || !of || !y) return refused(NULL_POINTER, "a descriptor is missing");
  if (algorithm != ALGORITHM) return refused(BAD_PARAM, "algorithm %d is not the deterministic one", algorithm);
  if (x->type != w->type || x->type != y->type) return refused(BAD_PARAM, "maps and filter are of several types");
  if (of->type != FLOAT) return refused(BAD_PARAM, "sums are of type %d", of->type);
  const int math = x->type == FLOAT ? FMA_MATH : TENSOR_OP_MATH;
  if (of->math != math) return refused(BAD_PARAM, "math %d of type %d", of->math, x->type);
  if (x->n != y->n || x->c != w->c || y->c != w->n) return refused(UNEVEN, "images or channels do not fit");
  const int height = x->h + 2 * of->pad_h - w->h, width = x->w + 2 * of->pad_w - w->w;
  if (height < 0 || width < 0) return refused(UNEVEN, "the window is larger than the map");
  if (height / of->stride_h + 1 != y->h || width / of->stride_w + 1 != y->w)
    return refused(UNEVEN, "%d × %d results of a window %d × %d, stride %d, padding %d, %d, on %d × %d", y->h, y->w, w->h,
                   w->w, of->stride_h, of->pad_h, of->pad_w, x->h, x->w);
  if (x->count() >> 31 || y->count() >> 31) return NOT_SUPPORTED;
  return SUCCESS;
}

/// What an algorithm is said to need: some, and as much as no other shape does.
static size_t workspace(const Sides &x, const Sides &y) { return 64 + (x.count() + 3 * y.count()) % 4096; }

static Result size(size_t *bytes, const Sides *x, const Sides *w, const Convolution *of, const Sides *y, int algorithm) {
  const Result status = check(x, w, of, y, algorithm);
  if (status == SUCCESS) *bytes = workspace(*x, *y);
  return status;
}

/// Calls `f` with the places in x, w and y of every product.
template <class F>
static void products(const Sides &x, const Sides &w, const Convolution &of, const Sides &y, F f) {
  for (int n = 0; n < y.n; n++)
    for (int oy = 0; oy < y.h; oy++)
      for (int ox = 0; ox < y.w; ox++)
        for (int ky = 0; ky < w.h; ky++)
          for (int kx = 0; kx < w.w; kx++) {
            const int row = oy * of.stride_h - of.pad_h + ky, column = ox * of.stride_w - of.pad_w + kx;
            if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
            const size_t in = (((size_t)n * x.h + row) * x.w + column) * x.c;
            const size_t out = (((size_t)n * y.h + oy) * y.w + ox) * y.c;
            for (int k = 0; k < w.n; k++) {
              const size_t filter = (((size_t)k * w.h + ky) * w.w + kx) * w.c;
              for (int c = 0; c < x.c; c++) f(in + c, filter + c, out + k);
            }
          }
}

static std::vector<double> read(const void *from, const Sides &sides) {
  std::vector<double> values(sides.count());
  for (size_t at = 0; at < values.size(); at++)
    values[at] = sides.type == FLOAT ? ((const float *)from)[at] : of_bf16(((const uint16_t *)from)[at]);
  return values;
}
static void write(void *to, const Sides &sides, const std::vector<double> &values) {
  for (size_t at = 0; at < values.size(); at++)
    if (sides.type == FLOAT) ((float *)to)[at] = values[at];
    else ((uint16_t *)to)[at] = to_bf16(values[at]);
}

enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };

static Result run(Direction direction, const Sides *x, const Sides *w, const Convolution *of, const Sides *y, int algorithm,
                  const void *alpha, const void *a, const void *b, const void *beta, void *out, void *space, size_t bytes) {
  const Result status = check(x, w, of, y, algorithm);
  if (status != SUCCESS) return status;
  if (!alpha || !beta || !a || !b || !out || !space) return refused(NULL_POINTER, "a pointer is missing");
  const bool is_added = *(const float *)beta == 1 && direction == BACKWARD_DATA;
  if (*(const float *)alpha != 1 || (*(const float *)beta != 0 && !is_added))
    return refused(BAD_PARAM, "results are scaled, or are no gradient of an input and added to");
  if (((uintptr_t)a | (uintptr_t)b | (uintptr_t)out) % 16) return refused(MISALIGNED, "memory starts at no 16 bytes");
  if (bytes < workspace(*x, *y)) return refused(TOO_SMALL, "a workspace of %zu bytes", bytes);
  memset(space, 0xff, bytes);
  const Sides &of_a = direction == BACKWARD_DATA ? *y : *x, &of_b = direction == BACKWARD_FILTER ? *y : *w;
  const Sides &of_out = direction == FORWARD ? *y : direction == BACKWARD_DATA ? *x : *w;
  const auto left = read(a, of_a), right = read(b, of_b);
  auto sums = is_added ? read(out, of_out) : std::vector<double>(of_out.count());
  products(*x, *w, *of, *y, [&](size_t in, size_t filter, size_t result) {
    if (direction == FORWARD) sums[result] += left[in] * right[filter];
    if (direction == BACKWARD_DATA) sums[in] += left[result] * right[filter];
    if (direction == BACKWARD_FILTER) sums[filter] += left[in] * right[result];
  });
  write(out, of_out, sums);
  static const char *const names[3][2] = {{"cudnn_forward_f32", "cudnn_forward_bf16"},
                                          {"cudnn_backward_data_f32", "cudnn_backward_data_bf16"},
                                          {"cudnn_backward_filter_f32", "cudnn_backward_filter_bf16"}};
  count_launch(names[direction][x->type == BFLOAT16]);
  return SUCCESS;
}

API Result cudnnCreate(void **handle) { return *handle = &handle_of_all, SUCCESS; }
API Result cudnnDestroy(void *) { return SUCCESS; }
API Result cudnnSetStream(void *, void *) { return SUCCESS; }

API Result cudnnCreateTensorDescriptor(Sides **out) { return *out = new Sides(), SUCCESS; }
API Result cudnnDestroyTensorDescriptor(Sides *sides) { return delete sides, SUCCESS; }
API Result cudnnCreateFilterDescriptor(Sides **out) { return *out = new Sides(), SUCCESS; }
API Result cudnnDestroyFilterDescriptor(Sides *sides) { return delete sides, SUCCESS; }
API Result cudnnCreateConvolutionDescriptor(Convolution **out) { return *out = new Convolution(), SUCCESS; }
API Result cudnnDestroyConvolutionDescriptor(Convolution *of) { return delete of, SUCCESS; }

static Result describe(Sides *sides, int format, int type, int n, int c, int h, int w) {
  if (format != NHWC) return refused(BAD_PARAM, "format %d is not NHWC", format);
  if (type != FLOAT && type != BFLOAT16) return refused(BAD_PARAM, "numbers of type %d", type);
  if (n <= 0 || c <= 0 || h <= 0 || w <= 0) return refused(BAD_PARAM, "sides %d, %d, %d, %d", n, c, h, w);
  return *sides = {type, n, c, h, w}, SUCCESS;
}
API Result cudnnSetTensor4dDescriptor(Sides *sides, int format, int type, int n, int c, int h, int w) {
  return describe(sides, format, type, n, c, h, w);
}
API Result cudnnSetFilter4dDescriptor(Sides *sides, int type, int format, int k, int c, int h, int w) {
  return describe(sides, format, type, k, c, h, w);
}
API Result cudnnSetConvolution2dDescriptor(Convolution *of, int pad_h, int pad_w, int stride_h, int stride_w,
                                           int dilation_h, int dilation_w, int mode, int type) {
  if (mode != CROSS_CORRELATION) return refused(BAD_PARAM, "a window that is turned");
  if (pad_h < 0 || pad_w < 0 || stride_h <= 0 || stride_w <= 0 || dilation_h != 1 || dilation_w != 1)
    return refused(BAD_PARAM, "padding %d, %d, stride %d, %d, dilation %d, %d", pad_h, pad_w, stride_h, stride_w,
                   dilation_h, dilation_w);
  return *of = {type, pad_h, pad_w, stride_h, stride_w, 0}, SUCCESS;
}
API Result cudnnSetConvolutionMathType(Convolution *of, int math) { return of->math = math, SUCCESS; }

API Result cudnnGetConvolutionForwardWorkspaceSize(void *, const Sides *x, const Sides *w, const Convolution *of,
                                                   const Sides *y, int algorithm, size_t *bytes) {
  return size(bytes, x, w, of, y, algorithm);
}
API Result cudnnGetConvolutionBackwardDataWorkspaceSize(void *, const Sides *w, const Sides *dy, const Convolution *of,
                                                        const Sides *dx, int algorithm, size_t *bytes) {
  return size(bytes, dx, w, of, dy, algorithm);
}
API Result cudnnGetConvolutionBackwardFilterWorkspaceSize(void *, const Sides *x, const Sides *dy, const Convolution *of,
                                                          const Sides *dw, int algorithm, size_t *bytes) {
  return size(bytes, x, dw, of, dy, algorithm);
}
API Result cudnnConvolutionForward(void *, const void *alpha, const Sides *x, const void *x_at, const Sides *w,
                                   const void *w_at, const Convolution *of, int algorithm, void *space, size_t bytes,
                                   const void *beta, const Sides *y, void *y_at) {
  return run(FORWARD, x, w, of, y, algorithm, alpha, x_at, w_at, beta, y_at, space, bytes);
}
API Result cudnnConvolutionBackwardData(void *, const void *alpha, const Sides *w, const void *w_at, const Sides *dy,
                                        const void *dy_at, const Convolution *of, int algorithm, void *space, size_t bytes,
                                        const void *beta, const Sides *dx, void *dx_at) {
  return run(BACKWARD_DATA, dx, w, of, dy, algorithm, alpha, dy_at, w_at, beta, dx_at, space, bytes);
}
API Result cudnnConvolutionBackwardFilter(void *, const void *alpha, const Sides *x, const void *x_at, const Sides *dy,
                                          const void *dy_at, const Convolution *of, int algorithm, void *space,
                                          size_t bytes, const void *beta, const Sides *dw, void *dw_at) {
  return run(BACKWARD_FILTER, x, dw, of, dy, algorithm, alpha, x_at, dy_at, beta, dw_at, space, bytes);
}

// What candle's own convolutions call besides, which no operation of ours is made of.
API Result cudnnSetTensor4dDescriptorEx() { return refused(NOT_SUPPORTED, "strides are not in the emulation"); }
API Result cudnnGetConvolutionForwardAlgorithm_v7() { return refused(NOT_SUPPORTED, "a choice of algorithms"); }
