use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, 4, 24, 24, fused, 0, { expanded: 96 }],
        [1, 3, 1, 4, 24, 24, mbconv, 0.25, { squeezed: 6 }],
    >;
}

fn main() {}
