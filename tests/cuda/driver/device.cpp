// libcuda: one device, contexts, streams and events. Everything is done when its call returns.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include "api.h"

char handle_of_all;
thread_local const char *running;
static thread_local void *current_context;

/// CUDA_EMU_DEVICES=0 is a machine with a driver and no GPU.
static int devices() {
  const char *text = getenv("CUDA_EMU_DEVICES");
  return text ? atoi(text) : 1;
}

/// A kernel touched memory that is no buffer's: says which, and ends the program as the fault would have.
static void on_fault(int, siginfo_t *info, void *) {
  char text[256];
  int length = snprintf(text, sizeof text, "cuda-emu: illegal address %p in kernel %s\n", info->si_addr,
                        running ? running : "(none)");
  if (write(2, text, length) < 0) _exit(1);
  signal(SIGSEGV, SIG_DFL);
  raise(SIGSEGV);
}

API Result cuInit(unsigned) {
  if (devices() == 0) return NO_DEVICE;
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  return SUCCESS;
}
API Result cuDriverGetVersion(int *version) { return *version = 13000, SUCCESS; }
API Result cuDeviceGet(int *device, int ordinal) {
  if (ordinal < 0 || ordinal >= devices()) return INVALID_DEVICE;
  return *device = ordinal, SUCCESS;
}
API Result cuDeviceGetCount(int *count) { return *count = devices(), SUCCESS; }
API Result cuDeviceGetName(char *name, int length, int) { return snprintf(name, length, "CPU emulation"), SUCCESS; }
API Result cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = 1ull << 33, SUCCESS; }
API Result cuDeviceGetAttribute(int *value, int attribute, int) {
  switch (attribute) {
    case 1: *value = 1024; break;     // threads of a block
    case 8: *value = 49152; break;    // bytes of shared memory of a block
    case 10: *value = 32; break;      // threads of a warp
    case 16: *value = 1; break;       // multiprocessors
    case 75: *value = 8; break;       // compute capability
    case 76: *value = 0; break;
    case 97: *value = 101376; break;  // bytes of shared memory that a kernel may ask for
    case 115: *value = 1; break;      // memory pools: cuMemAllocAsync
    default: *value = 0;
  }
  return SUCCESS;
}
API Result cuDevicePrimaryCtxRetain(void **context, int) { return *context = &handle_of_all, SUCCESS; }
API Result cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
API Result cuCtxSetCurrent(void *context) { return current_context = context, SUCCESS; }
API Result cuCtxGetCurrent(void **context) { return *context = current_context, SUCCESS; }
API Result cuCtxDestroy_v2(void *) { return SUCCESS; }
API Result cuCtxSynchronize() { return SUCCESS; }

/// When an event was last recorded, and how much of which stream is before it.
struct Event {
  std::chrono::steady_clock::time_point at;
  std::shared_ptr<Progress> of;
  uint64_t begun = 0;
  bool is_reached() const { return !of || of->done >= begun; }
  void wait() const {
    while (!is_reached()) usleep(50);
  }
};

API Result cuStreamCreate(void **stream, unsigned) { return *stream = new Stream, SUCCESS; }
API Result cuStreamDestroy_v2(void *stream) { return delete made_stream(stream), SUCCESS; }
API Result cuStreamSynchronize(void *stream) {
  if (Stream *made = made_stream(stream)) Event{{}, made->progress, made->progress->begun}.wait();
  return SUCCESS;
}
API Result cuStreamWaitEvent(void *stream, void *event, unsigned) {
  auto *of = static_cast<Event *>(event);
  of->wait();
  if (Stream *made = made_stream(stream)) {
    made->has_waited = of->of != made->progress;
    made->progress->note("waits");
  } else if (of->of) {
    of->of->note("is waited for");
  }
  return SUCCESS;
}
API Result cuStreamIsCapturing(void *, int *is) { return *is = 0, SUCCESS; }

API Result cuEventCreate(void **event, unsigned) { return *event = new Event(), SUCCESS; }
API Result cuEventDestroy_v2(void *event) { return delete static_cast<Event *>(event), SUCCESS; }
API Result cuEventRecord(void *event, void *stream) {
  auto &into = *static_cast<Event *>(event);
  into = {std::chrono::steady_clock::now(), nullptr, 0};
  if (Stream *made = made_stream(stream)) {
    made->progress->note("records");
    into.of = made->progress;
    into.begun = made->progress->begun;
  }
  return SUCCESS;
}
API Result cuEventSynchronize(void *event) { return static_cast<Event *>(event)->wait(), SUCCESS; }
API Result cuEventQuery(void *event) { return static_cast<Event *>(event)->is_reached() ? SUCCESS : NOT_READY; }
API Result cuEventElapsedTime_v2(float *milliseconds, void *begin, void *end) {
  const std::chrono::duration<float, std::milli> between = static_cast<Event *>(end)->at - static_cast<Event *>(begin)->at;
  return *milliseconds = between.count(), SUCCESS;
}

API Result cuGetErrorString(Result error, const char **text) {
  switch (error) {
    case NO_DEVICE: *text = "no CUDA-capable device is detected"; break;
    case INVALID_DEVICE: *text = "invalid device ordinal"; break;
    case NOT_FOUND: *text = "no such kernel in the CPU emulation"; break;
    case LAUNCH_FAILED: *text = "kernel failed in the CPU emulation (see standard error)"; break;
    default: *text = "error of the CPU emulation";
  }
  return SUCCESS;
}
API Result cuGetErrorName(Result, const char **name) { return *name = "CUDA_EMU", SUCCESS; }
