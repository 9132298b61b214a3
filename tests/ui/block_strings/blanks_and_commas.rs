use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "r2 k3 s1 e1 i24 o24 c1",
    >;
}

efficientnet_v2! {
    pub struct Second <
        "r2, k3, s1, e1, i24, o24, x1",
    >;
}

fn main() {}
