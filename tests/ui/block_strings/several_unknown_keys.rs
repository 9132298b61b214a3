use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r2_k3_s1_e1_i24_o24_x1_y2_z3",
    >;
}

fn main() {}
