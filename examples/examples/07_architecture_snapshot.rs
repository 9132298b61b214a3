//! A snapshot of an architecture: a test that fails, with a diff, when somebody changes what the network is or costs.
//! `INSTA_UPDATE=always` takes a change into the snapshot.
//!
//! cargo test -p effnet-examples --example 07_architecture_snapshot

use effnet_runtime::efficientnet_v2;
use effnet_runtime::spec::{Size, report};

efficientnet_v2! {
    /// The network that a product depends on.
    pub struct Product <
        [1, 3, 2, 1, 16, 16, fused,  0],
        [2, 3, 2, 4, 16, 32, fused,  0],
        [3, 5, 2, 4, 32, 64, mbconv, 0.25],
    > { num_features: 256, eval_size: 96 }
}

fn main() {
    println!("{}", report::table(&Product::SPEC, Size::square(96), 10));
}

#[test]
fn the_architecture_is_what_it_was() {
    insta::assert_snapshot!(report::table(&Product::SPEC, Size::square(96), 10), @r"
    Product

    stage  operator            kernel  stride  expansion  channels  repeats    SE  resolution   params     MACs
    stem   conv                   3×3       2                   16                      48×48      464  995.3 k
    1      fused                  3×3       2          1        16        1             24×24    2,336  1.327 M
    2      fused                  3×3       2          4        32        2             12×12   52,736  7.520 M
    3      mbconv                 5×5       2          4        64        3  0.25         6×6  115,880  3.838 M
    head   conv, pool, linear     1×1       1                  256                        6×6   19,466  592.4 k

    190,882 parameters for 10 classes in 6 blocks; 14.27 M MACs and 159.7 k activations for an image of 96×96 pixels.
    Settings: num_features: 256, eval_size: 96.
    ");
}
