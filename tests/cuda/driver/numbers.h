// Number formats of maps and matrices, read as f64 and written from it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

inline double of_bf16(uint16_t from) {
  uint32_t bits = (uint32_t)from << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
inline uint16_t to_bf16(double value) {
  float single = value;
  uint32_t bits;
  memcpy(&bits, &single, 4);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
