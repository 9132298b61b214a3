//! How CUDA sides are tested: against the same operation on the CPU.
