use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
        [4, 3, 2, 4, 24, 48, fused, 0],
    > {
        budget: { macs: 0.1G, at: 128 },
    }
}

fn main() {}
