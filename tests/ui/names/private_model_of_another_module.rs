mod models {
    use effnet_runtime::efficientnet_v2;

    efficientnet_v2! {
        struct Model <
            [2, 3, 1, 1, 24, 24, fused, 0],
        >;
    }

    pub type Alias = Model;
}

fn main() {
    let _ = models::Model::PARAMS;
    let _ = models::Alias::PARAMS;
}
