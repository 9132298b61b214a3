use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model = <
        [2, 4, 1, 1, 24, 24, fused, 0],
    >;
}

fn main() {}
