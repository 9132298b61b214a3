use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        in_channels: 0,
        num_features: 0,
        train_size: 0,
        eval_size: 0,
    }
}

fn main() {}
