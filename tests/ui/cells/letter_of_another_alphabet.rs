#![allow(mixed_script_confusables)]

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fuѕed, 0],
    >;
}

efficientnet_v2! {
    pub struct Second <
        [2, 3, 1, 1, 24, 24, füsed, 0],
    >;
}

fn main() {}
