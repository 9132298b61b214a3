//! The CPU level that kernels run at, chosen once.
