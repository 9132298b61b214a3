use candle_core::DType;
use effnet_spec::Padding;
use proptest::prelude::*;

use crate::backend::cpu::conv::tests::ConvProblem;
use crate::backend::cuda::conv::tests::check;
use crate::backend::window::Window;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn depthwise_equals_the_cpu(
        problem in ConvProblem::any(true),
        dtype in prop_oneof![Just(DType::F32), Just(DType::BF16)],
    ) {
        check(&problem, dtype).unwrap();
    }
}

/// Every kernel of a window, on maps that leave strips, lanes and blocks of channels partly filled.
#[test]
fn every_window_equals_the_cpu() {
    for kernel in [3, 5, 7] {
        for stride in [1, 2] {
            for padding in [Padding::Symmetric, Padding::Same] {
                for (size, channels) in [((9, 10), 40), ((2, 3), 8), ((14, 5), 136)] {
                    let window = Window { kernel, stride, padding };
                    let (in_channels, out_channels) = (channels, channels);
                    let problem = ConvProblem { batch: 2, size, in_channels, out_channels, window, depthwise: true };
                    check(&problem, DType::F32).unwrap();
                    check(&problem, DType::BF16).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_sum_of_several_parts_equals_the_cpu() {
    let window = Window { kernel: 3, stride: 1, padding: Padding::Symmetric };
    let problem =
        ConvProblem { batch: 3, size: (40, 33), in_channels: 256, out_channels: 256, window, depthwise: true };
    check(&problem, DType::F32).unwrap();
    check(&problem, DType::BF16).unwrap();
}

#[test]
fn every_kernel_on_small_shapes() {
    for (kernel, channels) in [(3, 8), (5, 8), (7, 8), (3, 3)] {
        for stride in [1, 2] {
            let window = Window { kernel, stride, padding: Padding::Same };
            let (in_channels, out_channels) = (channels, channels);
            let problem = ConvProblem { batch: 1, size: (4, 5), in_channels, out_channels, window, depthwise: true };
            check(&problem, DType::F32).unwrap();
            check(&problem, DType::BF16).unwrap();
        }
    }
}
