// libcuda: device memory is host memory. Each buffer lies between pages that cannot be touched, ends at the second of them,
// and starts as NaNs.
#include <cstring>
#include <map>
#include <mutex>
#include <sys/mman.h>

#include "api.h"
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(from, bytes)
#define ASAN_UNPOISON_MEMORY_REGION(from, bytes)
#endif

constexpr size_t PAGE = 4096;
/// What CUDA's own addresses are multiples of, as far as kernels may rely on it here.
constexpr size_t ALIGNMENT = 16;

struct Mapping {
  char *start;
  size_t length;
};
static std::mutex lock;
static std::map<Pointer, Mapping> mappings;

static Result allocate(Pointer *pointer, size_t bytes) {
  size_t body = (bytes + PAGE - 1) / PAGE * PAGE, all = body + 2 * PAGE;
  char *start = (char *)mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return OUT_OF_MEMORY;
  mprotect(start, PAGE, PROT_NONE);
  mprotect(start + PAGE + body, PAGE, PROT_NONE);
  memset(start + PAGE, 0xff, body);
  char *own = start + PAGE + body - (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  *pointer = (Pointer)own;
  // What the pages hold besides the buffer, AddressSanitizer guards.
  ASAN_POISON_MEMORY_REGION(start + PAGE, own - (start + PAGE));
  ASAN_POISON_MEMORY_REGION(own + bytes, start + PAGE + body - (own + bytes));
  std::lock_guard<std::mutex> held(lock);
  mappings[*pointer] = {start, all};
  return SUCCESS;
}
API Result cuMemAlloc_v2(Pointer *pointer, size_t bytes) {
  return bytes == 0 ? INVALID_VALUE : allocate(pointer, bytes);
}
API Result cuMemFree_v2(Pointer pointer) {
  if (!pointer) return SUCCESS;
  std::lock_guard<std::mutex> held(lock);
  auto found = mappings.find(pointer);
  if (found == mappings.end()) return INVALID_VALUE;
  ASAN_UNPOISON_MEMORY_REGION(found->second.start + PAGE, found->second.length - 2 * PAGE);
  munmap(found->second.start, found->second.length);
  mappings.erase(found);
  return SUCCESS;
}
API Result cuDeviceGetDefaultMemPool(void **pool, int) { return *pool = &handle_of_all, SUCCESS; }
API Result cuMemPoolSetAttribute(void *, int, void *) { return SUCCESS; }
// Unlike cuMemAlloc it gives memory of no bytes, which candle makes of an empty tensor.
API Result cuMemAllocAsync(Pointer *pointer, size_t bytes, void *) { return allocate(pointer, bytes); }
API Result cuMemFreeAsync(Pointer pointer, void *) { return cuMemFree_v2(pointer); }
API Result cuMemGetInfo_v2(size_t *free, size_t *total) { return *free = *total = 1ull << 33, SUCCESS; }
API Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, void *) {
  return memcpy((void *)to, from, bytes), SUCCESS;
}
API Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, void *) {
  return memcpy(to, (void *)from, bytes), SUCCESS;
}
API Result cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes, void *) {
  return memmove((void *)to, (void *)from, bytes), SUCCESS;
}
API Result cuMemcpyHtoD_v2(Pointer to, const void *from, size_t bytes) { return memcpy((void *)to, from, bytes), SUCCESS; }
API Result cuMemcpyDtoH_v2(void *to, Pointer from, size_t bytes) { return memcpy(to, (void *)from, bytes), SUCCESS; }
API Result cuMemcpyPeerAsync(Pointer to, void *, Pointer from, void *, size_t bytes, void *) {
  return memmove((void *)to, (void *)from, bytes), SUCCESS;
}
API Result cuMemsetD8Async(Pointer to, unsigned char value, size_t bytes, void *) {
  return memset((void *)to, value, bytes), SUCCESS;
}
API Result cuMemsetD8_v2(Pointer to, unsigned char value, size_t bytes) {
  return memset((void *)to, value, bytes), SUCCESS;
}
