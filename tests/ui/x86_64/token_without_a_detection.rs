use effnet_runtime::simd::{Arch, Avx512};

fn main() {
    let made_up = Avx512 { _private: () };
    let _ = made_up.splat(1.0);
}
