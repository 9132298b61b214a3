use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        concat!("r2_k3_s1_e1_i24", "_o24_c1"),
    >;
}

fn main() {}
