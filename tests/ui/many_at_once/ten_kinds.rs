use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model<T> <
        [2, 4, 1, 1, 24, 24, fused, 0],
        [repeats: 4, kernel: 3, stride: 2, expansion: 4, in: 24, out: 48, operator: fused, se_ratio: 0];
        "R4_K3_S2_E4_I48_O64_C1",
        "ir_r6_k3_s2_e4_c128_se0.25",
        [9, 3, 1, 6, 128, WIDTH, ghost, 0.25],
    > {
        num_classes: 10,
        bn_momentum: 0.99,
    }
}

fn main() {}
