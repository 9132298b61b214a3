use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > dropout: 0.2, drop_path: 2
}

fn main() {}
