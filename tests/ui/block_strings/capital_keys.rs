use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "R2_K3_S1_E1_I24_O24_C1",
    >;
}

fn main() {}
