// From an image's bytes to a network's input.
#include "../cuda/common.cuh"

namespace {

/// N bytes that one instruction moves.
template <int N>
struct alignas(N) Group {
  unsigned char bytes[N];
};

}  // namespace

/// `out = (byte / 255 - mean[channel]) / std[channel]`, channels fastest. A thread makes 16 bytes of the result, and the last
/// the rest. The divisions are IEEE's, so that the CPU makes the same bits of f32.
/// Reads a byte an element; writes an element.
template <class T>
__device__ void image_normalise(const unsigned char* __restrict__ bytes, const float* __restrict__ mean,
                                const float* __restrict__ std, T* __restrict__ out, long long elements, int channels) {
  constexpr int N = WIDE<T>;
  const long long at = thread_index() * N;
  if (at >= elements) return;
  int channel = at % channels;
  const int count = min(static_cast<long long>(N), elements - at);
  Group<N> group = {};
  if (count == N) {
    group = *reinterpret_cast<const Group<N>*>(bytes + at);
  } else {
#pragma unroll
    for (int i = 0; i < N; i++) group.bytes[i] = i < count ? bytes[at + i] : 0;
  }
  float values[N];
#pragma unroll
  for (int i = 0; i < N; i++) {
    values[i] = (group.bytes[i] / 255.f - mean[channel]) / std[channel];
    channel = channel + 1 == channels ? 0 : channel + 1;
  }
  if (count == N) {
    store_all<N>(out + at, values);
  } else {
#pragma unroll
    for (int i = 0; i < N; i++) {
      if (i < count) store(out + at + i, values[i]);
    }
  }
}
#define NORMALISE(T) \
  const unsigned char *bytes, const float *mean, const float *std, T *out, long long elements, int channels
ENTRY_POINTS(image_normalise, NORMALISE, bytes, mean, std, out, elements, channels)
