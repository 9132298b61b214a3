use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2; 4; 1; 1; 24; 24; fused; 0],
        [4, 3, 1 << 1, 4, 24, 48, fussed, 0];
        [4, 3, 2, 4, 48, 64, fused, 2],
    > where Self: Sized {
        dropout: 3; drop_path: 3, padding = smae,
    }
}

fn main() {}
