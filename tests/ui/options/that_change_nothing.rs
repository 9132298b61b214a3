use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, 4, 24, 24, mbconv, 0, { expand_conv: true }],
        [1, 3, 1, 1, 24, 24, fused, 0, { project_activation: true }],
    >;
}

fn main() {}
