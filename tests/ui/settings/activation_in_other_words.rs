use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        activation: Activation::Silu
    }
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        activation: SiLU
    }
}

efficientnet_v2! {
    pub struct Third <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        activation: hswish
    }
}

fn main() {}
