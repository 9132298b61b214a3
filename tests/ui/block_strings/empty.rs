use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        "",
    >;
}

efficientnet_v2! {
    pub struct Second <
        "_",
    >;
}

fn main() {}
