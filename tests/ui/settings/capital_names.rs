use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        Dropout: 0.2,
        NUM_FEATURES: 3,
    }
}

fn main() {}
