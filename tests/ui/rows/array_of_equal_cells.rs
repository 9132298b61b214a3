use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1; 8],
    >;
}

fn main() {}
