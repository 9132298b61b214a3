use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        mean: [123.675, 116.28, 103.53],
        std: [58.395, 57.12, 57.375],
    }
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        mean: 127
    }
}

fn main() {}
