use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, 4, 24, 24, conv, 0],
        [1, 3, 1, 1, 24, 24, conv, 0.25],
        [1, 3, 1, _, 24, 24, conv, 0, { expanded: 96 }],
        [1, 3, 1, 1, 24, 24, conv, 0, { project_activation: true }],
        [1, 9, 1, 1, 24, 24, conv, 0],
    >;
}

fn main() {}
