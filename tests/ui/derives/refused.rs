// A model holds weights that change: each derive that this forbids is refused at its path, and code that counts on it is
// not blamed.
use std::collections::HashSet;

use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    #[derive(Clone, Default, Debug)]
    #[derive(PartialEq, std::cmp::Eq, ::core::hash::Hash, PartialOrd, Ord)]
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
    >;
}

efficientnet_v2! {
    #[derive(Clone, Copy)]
    pub struct Copied <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

fn use_it() -> bool {
    let models: HashSet<Model> = HashSet::from([Model::default()]);
    models.contains(&Model::default()) && Model::default() < Model::default().max(Model::default())
}

fn main() {
    let _ = (use_it, Copied::PARAMS);
}
