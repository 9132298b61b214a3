use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, 1, 24, 24, FusedMBConv, 0],
        [1, 3, 1, 1, 24, 24, MBConv, 0.25],
        [1, 3, 1, 1, 24, 24, FUSED, 0],
    >;
}

fn main() {}
