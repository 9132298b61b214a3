use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        head: none,
        num_features: 64,
    }
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        head_bias: false,
    }
}

efficientnet_v2! {
    pub struct Third <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        head: pool
    }
}

fn main() {}
