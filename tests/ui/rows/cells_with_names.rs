use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [repeats: 2, kernel: 3, stride: 1, expansion: 1, in: 24, out: 24, operator: fused, se_ratio: 0],
    >;
}

efficientnet_v2! {
    pub struct Second <
        [operator: mbconv, in: 24, out: 24, kernel: 4, stride: 1, expansion: 4, repeats: 2, se_ratio: 0.25],
    >;
}

fn main() {}
