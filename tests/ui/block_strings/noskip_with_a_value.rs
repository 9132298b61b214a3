use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r1_k3_s1_e4_i24_o24_noskip1",
    >;
}

fn main() {}
