use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    #[derive(Default)]
    pub struct Model <
        [2, 4, 1, 1, 24, 24, fused, 0],
    >;
}

fn main() {
    let _ = Model::default();
}
