// What the parts of the emulated driver share.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#define API extern "C" __attribute__((visibility("default")))

typedef int Result;
typedef uint64_t Pointer;

enum {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  FILE_NOT_FOUND = 301,
  NOT_FOUND = 500,
  NOT_READY = 600,
  LAUNCH_FAILED = 719,
};

/// The name of the kernel that runs on this thread, if one does.
extern thread_local const char *running;

/// A handle of something of which there is one, or that has no state.
extern char handle_of_all;

/// How far a stream is: all work but sums over ranks is done when its call returns.
struct Progress {
  std::atomic<uint64_t> begun{0}, done{0};
  /// Adds to what was done with it, and what waited for it.
  void note(const std::string &what) {
    std::lock_guard<std::mutex> held(lock);
    log += what + "; ";
  }
  std::string notes() {
    std::lock_guard<std::mutex> held(lock);
    return log;
  }

 private:
  std::mutex lock;
  std::string log;
};

/// A stream that was made: the streams that each thread has have no state.
struct Stream {
  std::shared_ptr<Progress> progress = std::make_shared<Progress>();
  /// It has waited for an event of another stream since its last sums.
  std::atomic<bool> has_waited{false};
};

/// The stream of a handle; none if it is one of the driver's own, whose handles are 0, 1 and 2.
inline Stream *made_stream(void *handle) { return (uintptr_t)handle > 2 ? (Stream *)handle : nullptr; }

/// Counts a launch for CUDA_EMU_RECORD.
void count_launch(const char *name);
