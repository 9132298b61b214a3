use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        activation: gelu
    }
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        activation: leaky_relu
    }
}

fn main() {}
