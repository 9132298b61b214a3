use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        width: 0.0001,
        depth: 1e9,
    }
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        width: 1e300,
        depth: -1,
    }
}

fn main() {}
