use effnet_runtime::efficientnet_v2;

efficientnet_v2! {
    pub struct Model<T> <
        [2, 3, 1, 1, 24, 24, fused, 0],
    >;
}

efficientnet_v2! {
    pub struct Second<'a> <
        [2, 3, 1, 1, 24, 24, fused, 0],
    > { dropout: 2 }
}

efficientnet_v2! {
    pub struct Third<const N: usize> <
        [2, 3, 1, 1, 24, 24, fused, 0],
    >;
}

efficientnet_v2! {
    pub struct Fourth::<3> <
        [2, 3, 1, 1, 24, 24, fused, 0],
    >;
}

fn main() {}
