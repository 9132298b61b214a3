use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    >;
}

efficientnet_v2! {
    Second <
        [2, 3, 1, 1, 24, 24, fused, 0],
    >;
}

fn main() {}
