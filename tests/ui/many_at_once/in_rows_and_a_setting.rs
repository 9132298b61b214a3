use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Small <
        [2, 3, 1, 1, 24, 24, fused,  0],
        [4, 4, 2, 4, 24, 48, fussed, 0],
        [4, 3, 2, 4, 40, 64, fused,  0],
    > { padding: smae }
}

fn main() {}
