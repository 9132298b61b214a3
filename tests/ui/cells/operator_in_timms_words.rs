use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, 1, 24, 24, er, 0],
        [1, 3, 1, 1, 24, 24, ir, 0.25],
        [1, 3, 1, 1, 24, 24, ds, 0.25],
    >;
}

fn main() {}
