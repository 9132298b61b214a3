use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2.0, 3, 1, 1, 24, 24, fused, 0],
    >;
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 2e1, fused, 0],
    >;
}

fn main() {}
