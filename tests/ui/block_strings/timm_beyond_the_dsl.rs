use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "uir_r1_k3_s1_e4_c32",
        "ir_r1_k3.5.7_s2_e6_c32",
        "ir_r4_k3_s2_e6_c192_se0.25_cc4",
    >;
}

fn main() {}
