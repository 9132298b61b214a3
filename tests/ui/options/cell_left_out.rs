use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, _, 24, 24, fused, 0],
        [1, 3, 1, 4, 24, 24, mbconv, _],
        [1, 3, 1, 4, _, 24, mbconv, 0],
    >;
}

fn main() {}
