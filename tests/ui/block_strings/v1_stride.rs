use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r1_k3_s11_e1_i32_o16_se0.25",
        "r2_k3_s22_e6_i16_o24_se0.25",
    >;
}

fn main() {}
