use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        scale: v3,
        depth_rounding: round,
    }
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        min_features: 1280, fixed_features: true,
    }
}

efficientnet_v2! {
    pub struct Third <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        scale: lite, min_features: 0,
    }
}

fn main() {}
