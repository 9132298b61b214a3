use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        se_gate: hardsigmoid,
        se_activation: gelu,
        se_of: exp,
    }
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        stem_kernel: 9,
        se_gate: relu,
    }
}

fn main() {}
