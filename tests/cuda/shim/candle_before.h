// What candle's kernels need beyond shim.h, in front of it.
#define EMU_CUDA_HEADERS
#include <cuda_fp8.h>
