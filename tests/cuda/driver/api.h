// What the parts of the emulated driver share.
#pragma once
#include <cstddef>
#include <cstdint>

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
  LAUNCH_FAILED = 719,
};

/// The name of the kernel that runs on this thread, if one does.
extern thread_local const char *running;

/// A handle of something of which there is one, or that has no state.
extern char handle_of_all;

/// Counts a launch for CUDA_EMU_RECORD.
void count_launch(const char *name);
