// A register of the standard library is no vector, and a vector is made by a token alone.
use std::arch::x86_64::__m512;

use effnet_runtime::simd::{Arch, Avx512, Vector};

fn twice(register: __m512) -> __m512 {
    register.add(register)
}

fn main() {
    let _ = (<Avx512 as Arch>::V::default(), twice as fn(_) -> _);
}
