use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r2_k3_s2_e6_c24_se0.25",
    >;
}

fn main() {}
