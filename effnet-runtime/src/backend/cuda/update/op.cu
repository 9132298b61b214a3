// What changes or sums up all parameters at once: optimizers' steps, moving averages, sums of squares. One launch for
// all, whatever their number: a table says where each one lies, and each block takes a chunk of one of them.
#include "../common.cuh"

namespace {

/// Elements of a block's chunk.
constexpr int CHUNK = 4096;
/// Elements that a thread loads before it stores the first: what hides memory's latency.
constexpr int ROUND = 4;

/// One parameter and what stands beside it, as `Row` in effnet-runtime/src/backend/cuda/table.rs has it. Arrays have
/// `length` elements each; those that a kernel does not use may be null.
struct Parameter {
  float* value;
  const float* gradient;
  float* first;
  float* second;
  long long length;
  float factors[8];
};
static_assert(sizeof(Parameter) == 9 * sizeof(long long), "the table's rows are nine words");

/// Elements `number * CHUNK ..` of a parameter.
struct Chunk {
  int parameter;
  int number;
};

struct Element {
  float value, gradient, first, second;
};

// Rules: what happens to one element. `SLOTS` of `first` and `second` are read and written; gradients are read, and
// values written, where a rule says so. Factors are in the order of `Rule::factors` in
// effnet-runtime/src/train/optimizer, which has the formulas' sources.

struct Step {
  static constexpr bool GRADIENT = true, VALUE = true;
};

struct Sgd : Step {
  static constexpr int SLOTS = 1;
  float momentum, decay, rate, scale;
  __device__ explicit Sgd(const float* f) : momentum(f[0]), decay(f[1]), rate(f[2]), scale(f[3]) {}
  __device__ void operator()(Element& e) const {
    const float gradient = e.gradient * scale + decay * e.value;
    e.first = e.first * momentum + gradient;
    e.value -= rate * (gradient + momentum * e.first);
  }
};

struct AdamW : Step {
  static constexpr int SLOTS = 2;
  float rate, root, kept, eps, scale, beta2, new1, new2;
  __device__ explicit AdamW(const float* f)
      : rate(f[0]), root(f[1]), kept(f[2]), eps(f[3]), scale(f[4]), beta2(f[5]), new1(f[6]), new2(f[7]) {}
  __device__ void operator()(Element& e) const {
    const float gradient = e.gradient * scale;
    e.first += (gradient - e.first) * new1;
    e.second = e.second * beta2 + gradient * gradient * new2;
    e.value = e.value * kept - rate * (e.first / (sqrtf(e.second) / root + eps));
  }
};

struct RmsProp : Step {
  static constexpr int SLOTS = 2;
  float fresh, momentum, eps, decay, rate, scale;
  __device__ explicit RmsProp(const float* f)
      : fresh(f[0]), momentum(f[1]), eps(f[2]), decay(f[3]), rate(f[4]), scale(f[5]) {}
  __device__ void operator()(Element& e) const {
    const float gradient = e.gradient * scale + decay * e.value;
    e.first += fresh * (gradient * gradient - e.first);
    e.second = e.second * momentum + rate * gradient / sqrtf(e.first + eps);
    e.value -= e.second;
  }
};

/// An average, `first`, takes in the value.
struct Average {
  static constexpr bool GRADIENT = false, VALUE = false;
  static constexpr int SLOTS = 1;
  float fresh;
  __device__ explicit Average(const float* f) : fresh(f[0]) {}
  __device__ void operator()(Element& e) const { e.first += fresh * (e.value - e.first); }
};

/// Value and average change places.
struct Swap {
  static constexpr bool GRADIENT = false, VALUE = true;
  static constexpr int SLOTS = 1;
  __device__ explicit Swap(const float*) {}
  __device__ void operator()(Element& e) const {
    const float value = e.value;
    e.value = e.first;
    e.first = value;
  }
};

/// The part of a parameter that a block works on.
struct Part {
  long long begin;
  int count;
  __device__ Part(const Parameter& parameter, const Chunk& chunk) : begin(static_cast<long long>(chunk.number) * CHUNK) {
    const long long left = parameter.length - begin;
    count = left < CHUNK ? static_cast<int>(left) : CHUNK;
  }
};

// Reads values, slots and gradients once, and writes values and slots once, as far as the rule uses them.
template <class Rule>
__device__ __forceinline__ void update(const Parameter* parameters, const Chunk* chunks) {
  const Chunk chunk = chunks[blockIdx.x];
  const Parameter& parameter = parameters[chunk.parameter];
  const Rule rule(parameter.factors);
  const Part part(parameter, chunk);
  float* value = parameter.value + part.begin;
  const float* gradient = parameter.gradient + part.begin;
  float* first = parameter.first + part.begin;
  float* second = parameter.second + part.begin;
  for (int at = threadIdx.x; at < part.count; at += ROUND * THREADS) {
    Element elements[ROUND];
#pragma unroll
    for (int k = 0; k < ROUND; k++) {
      const int i = at + k * THREADS;
      if (i >= part.count) continue;
      elements[k].value = value[i];
      if (Rule::GRADIENT) elements[k].gradient = gradient[i];
      if (Rule::SLOTS > 0) elements[k].first = first[i];
      if (Rule::SLOTS > 1) elements[k].second = second[i];
    }
#pragma unroll
    for (int k = 0; k < ROUND; k++) {
      const int i = at + k * THREADS;
      if (i >= part.count) continue;
      rule(elements[k]);
      if (Rule::VALUE) value[i] = elements[k].value;
      if (Rule::SLOTS > 0) first[i] = elements[k].first;
      if (Rule::SLOTS > 1) second[i] = elements[k].second;
    }
  }
}

}  // namespace

#define UPDATE(name, Rule)                                                                              \
  extern "C" __global__ void __launch_bounds__(THREADS)                                                 \
      update_##name##_f32(const Parameter* __restrict__ parameters, const Chunk* __restrict__ chunks) { \
    update<Rule>(parameters, chunks);                                                                   \
  }

UPDATE(sgd, Sgd)
UPDATE(adamw, AdamW)
UPDATE(rmsprop, RmsProp)
UPDATE(average, Average)
UPDATE(swap, Swap)

/// `sums[block]` = the sum of the squares of a chunk of gradients. In f64, which holds the square of any f32: a sum is
/// finite exactly where all its values are. The order of additions follows from the length alone.
extern "C" __global__ void __launch_bounds__(THREADS)
    update_squares_f32(double* __restrict__ sums, const Parameter* __restrict__ parameters, const Chunk* __restrict__ chunks) {
  const Chunk chunk = chunks[blockIdx.x];
  const Parameter& parameter = parameters[chunk.parameter];
  const Part part(parameter, chunk);
  const float* gradient = parameter.gradient + part.begin;
  double sum = 0;
#pragma unroll ROUND
  for (int i = threadIdx.x; i < part.count; i += THREADS) {
    const double value = gradient[i];
    sum += value * value;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
