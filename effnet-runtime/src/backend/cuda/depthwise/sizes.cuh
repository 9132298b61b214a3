// The sizes of a depthwise convolution.
#pragma once
#include "../common.cuh"

namespace {

/// Neighbouring pixels of a line that a thread works on.
constexpr int STRIP = 4;

struct Sizes {
  int batch, in_height, in_width, out_height, out_width, channels, top, left;
};

/// The map's element at the first channel of a pixel.
__device__ __forceinline__ long long at(int image, int y, int x, int height, int width, int channels) {
  return ((static_cast<long long>(image) * height + y) * width + x) * channels;
}

}  // namespace
