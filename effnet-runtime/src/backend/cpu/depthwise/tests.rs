use effnet_spec::Padding;
use proptest::prelude::*;

use crate::backend::cpu::conv::tests::ConvProblem;
use crate::backend::window::Window;
use crate::ops::check::{check, f32_can_tell};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn depthwise_equals_the_definition(problem in ConvProblem::any(true)) {
        prop_assume!(f32_can_tell(&problem));
        check(&problem).unwrap();
    }
}

#[test]
fn corners_equal_the_definition() {
    for problem in ConvProblem::corners(true) {
        check(&problem).unwrap();
    }
}

#[test]
fn several_groups_of_channels_equal_the_definition() {
    for (kernel, stride) in [(3, 1), (5, 2)] {
        let window = Window { kernel, stride, padding: Padding::Same };
        let problem =
            ConvProblem { batch: 2, size: (12, 11), in_channels: 300, out_channels: 300, window, depthwise: true };
        check(&problem).unwrap();
    }
}
