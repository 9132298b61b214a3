// A crate of one's own, which re-exports the macro and nothing else.
mod mid {
    pub use effnet_runtime::efficientnet_v2;
}

mid::efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
        [2, 3, 2, 4, 24, 48, fused, 0],
    > { crate: crate::mid }
}

fn main() {
    let _ = Model::PARAMS;
}
