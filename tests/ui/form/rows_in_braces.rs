use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model {
        [2, 3, 1, 1, 24, 24, fused, 0],
        [2, 4, 2, 4, 24, 48, fused, 0],
    } { dropout: 0.1 }
}

efficientnet_v2! {
    pub struct Second {
        [2, 3, 1, 1, 24, 24, fused, 0],
    }
}

fn main() {}
