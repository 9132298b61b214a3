use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r2_k3.5_s1_e4_i24_o24_se0.25",
    >;
}

fn main() {}
