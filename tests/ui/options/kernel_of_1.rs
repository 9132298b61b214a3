use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 1, 1, 4, 24, 24, mbconv, 0],
    >;
}

fn main() {}
