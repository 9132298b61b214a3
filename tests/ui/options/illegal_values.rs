use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [1, 3, 1, _, 24, 24, fused, 0, { expanded: 0 }],
        [1, 3, 1, 4, 24, 24, mbconv, 0, { shortcut: no }],
        [1, 3, 1, 4, 24, 24, mbconv, 0, { activation: gelu }],
        [1, 3, 1, 4, 24, 24, mbconv, 0, { shortcut: 1; activation: relu }],
    >;
}

fn main() {}
