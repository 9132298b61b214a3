use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 22, 1, 24, 24, mbconv, 0],
    >;
}

fn main() {}
