use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, 4, 24, 24, mbconv, 0, shortcut: false],
    >;
}

efficientnet_v2! {
    pub struct Second <
        [1, 3, 1, 4, 24, 24, mbconv, 0, [shortcut]],
    >;
}

fn main() {}
