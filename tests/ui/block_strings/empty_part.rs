use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r2_k3_s1_e1_i24_o24_c1_",
    >;
}

efficientnet_v2! {
    pub struct Second <
        "r2__k3_s1_e1_i24_o24_c1",
    >;
}

fn main() {}
