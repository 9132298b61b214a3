use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [0, 3, 1, 1, 24, 24, fused, 0],
        [4, 4, 2, 4, 24, 48, fussed, 0],
        [4, 3, 3, 4, 40, 64, fused, 2],
        "r6_k3_s2_e4_i64_o128_x0.25",
        [9, 3, 1, 6, 128, 160, mbconv],
        [15, 3, 2, 6, 160, 256, mbconv, 0.25],
    > {
        droput: 0.2,
        dropout: 1.5,
        padding: smae,
        mean: [0.5, 0.5],
        stem: 32,
    }
}

fn main() {}
