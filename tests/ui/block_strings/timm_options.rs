use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "ir_r1_k3_s1_e1_c16_nre",
        "er_r1_k3_s1_e4_c24_fc24_noskip",
    >;
}

fn main() {}
