// libcuda: modules and launches. A kernel is the function `emu_NAME` of the first that has one of the libraries in
// CUDA_EMU_KERNELS, whose paths have colons between them.
//
// CUDA_EMU_SEED, or cuda_emu_seed, is the order in which a block's threads start; CUDA_EMU_TRACE=1 prints every launch;
// CUDA_EMU_RECORD=FILE appends `NAME SEED LAUNCHES` for every kernel that ran when the program ends.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "api.h"

struct Module {
  std::set<std::string> entries;
  bool has_any;
};
struct Function {
  std::string name;
  int (*run)(const unsigned *, const unsigned *, size_t, unsigned, void **, char *, size_t);
};

/// How often each kernel ran in each order.
struct Record {
  std::mutex lock;
  std::map<std::pair<std::string, unsigned>, size_t> launches;
  ~Record() {
    const char *path = getenv("CUDA_EMU_RECORD");
    FILE *file = path ? fopen(path, "a") : nullptr;
    if (!file) return;
    for (auto &[key, count] : launches) fprintf(file, "%s %u %zu\n", key.first.c_str(), key.second, count);
    fclose(file);
  }
};
static Record record;
static std::atomic<int> said_seed{-1};

API void cuda_emu_seed(unsigned seed) { said_seed = (int)seed; }

static unsigned seed() {
  if (said_seed >= 0) return said_seed;
  const char *text = getenv("CUDA_EMU_SEED");
  return text ? atoi(text) : 0;
}

void count_launch(const char *name) {
  std::lock_guard<std::mutex> held(record.lock);
  record.launches[{name, seed()}]++;
}

/// A module that an nvcc made names its kernels; an empty one, of the stand-in, holds any.
static Result load(const char *ptx, void **out) {
  auto *module = new Module;
  module->has_any = !strstr(ptx, ".entry");
  for (const char *at = ptx; (at = strstr(at, ".entry "));) {
    at += strlen(".entry ");
    module->entries.insert(std::string(at, at + strcspn(at, "( \n")));
  }
  *out = module;
  return SUCCESS;
}
API Result cuModuleLoadData(void **module, const void *image) { return load((const char *)image, module); }
API Result cuModuleLoad(void **module, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return FILE_NOT_FOUND;
  std::string text;
  char buffer[65536];
  size_t length;
  while ((length = fread(buffer, 1, sizeof buffer, file))) text.append(buffer, length);
  fclose(file);
  return load(text.c_str(), module);
}
API Result cuModuleUnload(void *module) { return delete (Module *)module, SUCCESS; }

/// The libraries of kernels; empty, with a line that says why, where one of them cannot be had.
static std::vector<void *> open_libraries() {
  const char *paths = getenv("CUDA_EMU_KERNELS");
  if (!paths) return {RTLD_DEFAULT};
  std::vector<void *> libraries;
  std::stringstream rest(paths);
  for (std::string path; std::getline(rest, path, ':');) {
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) return fprintf(stderr, "cuda-emu: %s\n", dlerror()), std::vector<void *>();
    libraries.push_back(library);
  }
  return libraries;
}

API Result cuModuleGetFunction(void **out, void *module, const char *name) {
  auto *of = (Module *)module;
  if (!of->has_any && !of->entries.count(name)) return NOT_FOUND;
  static const std::vector<void *> libraries = open_libraries();
  static std::mutex lock;
  static std::map<std::string, Function> functions;
  std::lock_guard<std::mutex> held(lock);
  Function &function = functions[name];
  function.name = name;
  for (size_t i = 0; i < libraries.size() && !function.run; i++) {
    *(void **)&function.run = dlsym(libraries[i], ("emu_" + function.name).c_str());
  }
  if (!function.run) {
    fprintf(stderr, "cuda-emu: kernel %s is not in the emulation\n", name);
    return NOT_FOUND;
  }
  *out = &function;
  return SUCCESS;
}
API Result cuFuncGetAttribute(int *value, int, void *) { return *value = 1024, SUCCESS; }
API Result cuFuncSetAttribute(void *, int, int) { return SUCCESS; }

API Result cuLaunchKernel(void *handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                          unsigned shared, void *, void **arguments, void **) {
  // The limits of every GPU since 2016.
  bool is_empty = !gx || !gy || !gz || !bx || !by || !bz;
  if (is_empty || (size_t)bx * by * bz > 1024 || bz > 64 || gx > 2147483647 || gy > 65535 || gz > 65535) {
    return INVALID_VALUE;
  }
  if (shared > 49152) return INVALID_VALUE;  // more has to be asked for, and no kernel here does
  auto *function = (Function *)handle;
  unsigned grid[3] = {gx, gy, gz}, block[3] = {bx, by, bz}, order = seed();
  static const bool is_traced = getenv("CUDA_EMU_TRACE");
  if (is_traced) {
    fprintf(stderr, "cuda-emu: %s<<<(%u,%u,%u),(%u,%u,%u),%u>>>\n", function->name.c_str(), gx, gy, gz, bx, by, bz,
            shared);
  }
  char error[512];
  running = function->name.c_str();
  int failed = function->run(grid, block, shared, order, arguments, error, sizeof error);
  running = nullptr;
  if (failed) {
    fprintf(stderr, "cuda-emu: %s: %s\n", function->name.c_str(), error);
    return LAUNCH_FAILED;
  }
  count_launch(function->name.c_str());
  return SUCCESS;
}
