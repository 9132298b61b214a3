use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > {
        stochastic_depth: 0.2,
        dropout_rate: 0.2,
        survival_prob: 0.8,
    }
}

fn main() {}
