use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, 1, 24, 24, ghost, 0],
        [1, 3, 1, 1, 24, 24, uir, 0],
        [1, 3, 1, 1, 24, 24, mqa, 0],
        [1, 3, 1, 1, 24, 24, cc, 0],
    >;
}

fn main() {}
