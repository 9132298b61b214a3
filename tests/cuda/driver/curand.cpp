// libcurand, as far as candle calls it. The numbers are others than a GPU's.
#include <random>

#include "api.h"

static std::mt19937_64 generator(1);

template <class T, class D>
static Result fill(T *to, size_t count, D distribution) {
  for (size_t at = 0; at < count; at++) to[at] = distribution(generator);
  return SUCCESS;
}

API Result curandCreateGenerator(void **handle, int) { return *handle = &handle_of_all, SUCCESS; }
API Result curandDestroyGenerator(void *) { return SUCCESS; }
API Result curandSetStream(void *, void *) { return SUCCESS; }
API Result curandSetPseudoRandomGeneratorSeed(void *, unsigned long long seed) { return generator.seed(seed), SUCCESS; }
API Result curandSetGeneratorOffset(void *, unsigned long long) { return SUCCESS; }
API Result curandGenerateUniform(void *, float *to, size_t count) {
  return fill(to, count, std::uniform_real_distribution<float>());
}
API Result curandGenerateUniformDouble(void *, double *to, size_t count) {
  return fill(to, count, std::uniform_real_distribution<double>());
}
API Result curandGenerateNormal(void *, float *to, size_t count, float mean, float deviation) {
  return fill(to, count, std::normal_distribution<float>(mean, deviation));
}
API Result curandGenerateNormalDouble(void *, double *to, size_t count, double mean, double deviation) {
  return fill(to, count, std::normal_distribution<double>(mean, deviation));
}
