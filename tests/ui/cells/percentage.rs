use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 4, 24, 24, mbconv, 25%],
    >;
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 4, 24, 24, mbconv, 25],
    >;
}

fn main() {}
