// Any struct that nobody uses is told; what is unused of a model in use is not.
#![deny(dead_code)]

use effnet_runtime::{Model, efficientnet_v2};

efficientnet_v2! {
    #[derive(Clone, Debug)]
    struct Unused <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

efficientnet_v2! {
    struct Counted <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

efficientnet_v2! {
    struct Named <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

fn name<M: Model>() -> String {
    M::SPEC.name.into_owned()
}

fn main() {
    println!("{} has {} parameters", name::<Named>(), Counted::PARAMS);
}
