use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [0, 4, 3, 0, 24, x, mbcov, -1],
    >;
}

fn main() {}
