use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r2_k3_s1_e4_i24_o24_se1.5",
    >;
}

efficientnet_v2! {
    pub struct Second <
        "r2_k3_s1_e4_i24_o24_senan",
    >;
}

fn main() {}
