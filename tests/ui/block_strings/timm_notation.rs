use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "ds_r1_k3_s1_e1_c16_se0.25",
        "ir_r2_k3_s2_e6_c24_se0.25",
        "er_r2_k3_s2_e4_c48",
    >;
}

fn main() {}
