// libcudart and libnvrtc: functions that candle is linked with and nothing here calls. They fail.
#include "api.h"

// candle's quantised kernels register themselves when a program that nvcc compiled starts.
API void **__cudaRegisterFatBinary(void *) {
  static void *handle;
  return &handle;
}
API void __cudaRegisterFatBinaryEnd(void **) {}
API void __cudaUnregisterFatBinary(void **) {}
API void __cudaRegisterFunction(void **, const char *, char *, const char *, int, void *, void *, void *, void *, int *) {}
API void __cudaRegisterVar(void **, char *, char *, const char *, int, size_t, int, int) {}
API const char *cudaGetErrorString(int) { return "not in the CPU emulation"; }
API const char *cudaGetErrorName(int) { return "CUDA_EMU"; }

#define NOT_SUPPORTED(name) \
  API Result name() { return 801; }
NOT_SUPPORTED(__cudaGetKernel)
NOT_SUPPORTED(__cudaLaunchKernel)
NOT_SUPPORTED(__cudaLaunchKernel_ptsz)
NOT_SUPPORTED(__cudaPopCallConfiguration)
NOT_SUPPORTED(__cudaPushCallConfiguration)
NOT_SUPPORTED(cudaDeviceGetAttribute)
NOT_SUPPORTED(cudaFree)
NOT_SUPPORTED(cudaFreeAsync_ptsz)
NOT_SUPPORTED(cudaFuncGetAttributes)
NOT_SUPPORTED(cudaFuncSetAttribute)
NOT_SUPPORTED(cudaGetDevice)
NOT_SUPPORTED(cudaGetDeviceCount)
NOT_SUPPORTED(cudaGetLastError)
NOT_SUPPORTED(cudaMalloc)
NOT_SUPPORTED(cudaMallocAsync_ptsz)
NOT_SUPPORTED(cudaMemsetAsync_ptsz)
NOT_SUPPORTED(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)
NOT_SUPPORTED(cudaPeekAtLastError)
NOT_SUPPORTED(cudaSetDevice)
NOT_SUPPORTED(cudaStreamSynchronize_ptsz)

#define INTERNAL_ERROR(name) \
  API Result nvrtc##name() { return 11; }
INTERNAL_ERROR(AddNameExpression)
INTERNAL_ERROR(CompileProgram)
INTERNAL_ERROR(CreateProgram)
INTERNAL_ERROR(DestroyProgram)
INTERNAL_ERROR(GetCUBIN)
INTERNAL_ERROR(GetCUBINSize)
INTERNAL_ERROR(GetLoweredName)
INTERNAL_ERROR(GetPTX)
INTERNAL_ERROR(GetPTXSize)
INTERNAL_ERROR(GetProgramLog)
INTERNAL_ERROR(GetProgramLogSize)
INTERNAL_ERROR(Version)
