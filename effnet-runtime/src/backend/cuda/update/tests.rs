use candle_core::{DType, Device, Result, Tensor};
use proptest::prelude::*;

use crate::backend::cuda::near::{assert_near, cuda, download, normal, upload};
use crate::backend::cuda::table::{Kernel, Row, Table};
use crate::ops::update::{Average, Now, Rule, Slot, Target, Values, average, squares, step, swap};
use crate::train::optimizer::{AdamW, RmsProp, Sgd};

/// How far sums in f64 may be apart that were added up in another order, relative to themselves.
const SUM_TOLERANCE: f64 = 1e-13;

/// One side of a comparison: weights on a device, and what an optimizer keeps of them.
struct Side {
    device: Device,
    weights: Vec<Tensor>,
    slots: Vec<Vec<Values>>,
}

/// `length` elements that begin `offset` elements behind where memory was allocated: not at a multiple of 16 bytes.
fn at_offset(device: &Device, sample: u64, length: usize, offset: usize) -> Result<Tensor> {
    let all = upload(&normal(sample, offset + length, DType::F32), &[offset + length], DType::F32, device)?;
    all.narrow(0, offset, length)
}

impl Side {
    fn new(device: Device, rule: &dyn Rule, lengths: &[usize], offset: usize) -> Result<Self> {
        let weight = |(at, length): (usize, &usize)| at_offset(&device, at as u64, *length, offset);
        let weights = lengths.iter().enumerate().map(weight).collect::<Result<Vec<_>>>()?;
        let of = |weight: &Tensor| {
            rule.slots().iter().map(|slot| Values::filled(weight, slot.start)).collect::<Result<Vec<_>>>()
        };
        let slots = weights.iter().map(of).collect::<Result<Vec<_>>>()?;
        Ok(Self { device, weights, slots })
    }

    /// A step whose gradients and circumstances follow from its number.
    fn step(&mut self, rule: &dyn Rule, number: u64, offset: usize) -> Result<()> {
        let gradient = |(at, weight): (usize, &Tensor)| {
            at_offset(&self.device, 100 * number + at as u64, weight.elem_count(), offset)
        };
        let gradients = self.weights.iter().enumerate().map(gradient).collect::<Result<Vec<_>>>()?;
        let mut targets = Vec::new();
        for (at, slots) in self.slots.iter_mut().enumerate() {
            let decay = [0.0, 0.1][at % 2];
            let now = Now { step: number, rate: 0.02 / number as f64, decay, scale: [1.0, 0.3][number as usize % 2] };
            targets.push(Target { weight: &self.weights[at], gradient: &gradients[at], slots, now });
        }
        assert!(!step(rule, &mut targets, || Ok(false))?, "a step that nobody wanted");
        assert!(step(rule, &mut targets, || Ok(true))?);
        Ok(())
    }
}

fn steps(rule: &dyn Rule, steps: u64, lengths: &[usize], offset: usize) -> Result<()> {
    let mut ours = Side::new(cuda(), rule, lengths, offset)?;
    let mut expected = Side::new(Device::Cpu, rule, lengths, offset)?;
    for number in 1..=steps {
        ours.step(rule, number, offset)?;
        expected.step(rule, number, offset)?;
    }
    for (at, length) in lengths.iter().enumerate() {
        let what = format!("{} of {length} elements at {offset}", rule.name());
        assert_near(&what, &ours.weights[at], &download(&expected.weights[at])?, 1.0)?;
        for (slot, (found, expected)) in ours.slots[at].iter().zip(&expected.slots[at]).enumerate() {
            assert_near(&format!("slot {slot} of {what}"), &found.tensor()?, &download(&expected.tensor()?)?, 1.0)?;
        }
    }
    Ok(())
}

fn rules() -> [Box<dyn Rule>; 3] {
    [Box::new(Sgd::default()), Box::new(AdamW::default()), Box::new(RmsProp::default())]
}

#[test]
fn ten_steps_are_those_of_the_cpu() {
    for rule in rules() {
        // Chunks that are full, one element short, and one element long.
        steps(rule.as_ref(), 10, &[1, 4096, 3, 4095, 4097, 20_000, 255, 256, 257], 0).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ten_steps_are_those_of_the_cpu_for_any_lengths(
        lengths in prop::collection::vec(1usize..9000, 1..6),
        offset in 0usize..4,
        rule in 0usize..3,
    ) {
        steps(rules()[rule].as_ref(), 10, &lengths, offset).unwrap();
    }
}

/// Every kernel, with few enough threads for a sanitizer.
#[test]
fn equals_the_cpu_on_small_shapes() {
    for rule in rules() {
        steps(rule.as_ref(), 2, &[1, 300, 7], 1).unwrap();
    }
    averages_of(&[5, 260]).unwrap();
    squares_of(&[3, 0, 300]).unwrap();
}

#[test]
fn a_kernel_is_refused_what_a_row_lacks() {
    let value = upload(&[1.0; 3], &[3], DType::F32, &cuda()).unwrap();
    let row = Row { value: Some(&value), gradient: None, slots: [None; 2], factors: [0.0; 8] };
    let error = Table::new(vec![row]).launch(Kernel::Average).unwrap_err().to_string();
    assert!(error.contains("takes more than a row of its table has"), "{error}");
}

#[test]
fn nothing_beside_a_parameter_is_changed() {
    let (device, all) = (cuda(), normal(1, 5000, DType::F32));
    let around = upload(&all, &[5000], DType::F32, &device).unwrap();
    let weight = around.narrow(0, 3, 4500).unwrap();
    let mut slots = vec![Values::filled(&weight, 0.0).unwrap()];
    let now = Now { step: 1, rate: 0.5, decay: 0.1, scale: 1.0 };
    let gradient = weight.copy().unwrap();
    let mut targets = [Target { weight: &weight, gradient: &gradient, slots: &mut slots, now }];
    step(&Sgd::default(), &mut targets, || Ok(true)).unwrap();
    let after = download(&around).unwrap();
    for (at, (before, after)) in all.iter().zip(&after).enumerate() {
        assert_eq!(before == after, !(3..4503).contains(&at), "element {at}");
    }
}

fn pairs<'a>(values: &'a [Tensor], averages: &'a mut [Values]) -> Vec<Average<'a>> {
    values.iter().zip(averages).map(|(value, average)| Average { value, average }).collect()
}

/// Averages of parameters of these lengths, and the parameters, after two updates with an exchange between them.
fn averages_of(lengths: &[usize]) -> Result<()> {
    let run = |device: &Device| -> Result<Vec<Vec<f32>>> {
        let values: Vec<Tensor> =
            lengths.iter().map(|length| at_offset(device, 1, *length, 1)).collect::<Result<_>>()?;
        let mut averages: Vec<Values> =
            values.iter().map(|value| Values::filled(value, 0.25)).collect::<Result<_>>()?;
        average(&mut pairs(&values, &mut averages), 0.125)?;
        swap(&mut pairs(&values, &mut averages))?;
        average(&mut pairs(&values, &mut averages), 0.5)?;
        let averages = averages.iter().map(Values::tensor).collect::<Result<Vec<_>>>()?;
        values.iter().chain(&averages).map(download).collect()
    };
    let (found, expected) = (run(&cuda())?, run(&Device::Cpu)?);
    for (found, expected) in found.iter().zip(&expected) {
        assert_near("averages", &Tensor::new(found.as_slice(), &Device::Cpu)?, expected, 1.0)?;
    }
    Ok(())
}

#[test]
fn averages_are_those_of_the_cpu() {
    averages_of(&[1, 4096, 5000, 77]).unwrap();
}

fn squares_of(lengths: &[usize]) -> Result<()> {
    let of = |device: &Device| -> Result<Vec<f64>> {
        let tensors: Vec<Tensor> =
            lengths.iter().map(|length| at_offset(device, 7, *length, 3)).collect::<Result<_>>()?;
        squares(&tensors.iter().collect::<Vec<_>>())
    };
    let found = of(&cuda())?;
    for (found, expected) in found.iter().zip(of(&Device::Cpu)?) {
        assert!((found - expected).abs() <= SUM_TOLERANCE * expected, "{found} and {expected}");
    }
    assert_eq!(found, of(&cuda())?);
    Ok(())
}

#[test]
fn squares_are_those_of_the_cpu_and_the_same_each_time() {
    squares_of(&[1, 4096, 9000, 100_000, 0, 31]).unwrap();
}

#[test]
fn squares_are_finite_where_all_values_are() {
    let device = cuda();
    let sums = |bad: f32| -> Vec<f64> {
        let mut values = normal(1, 9000, DType::F32);
        values[8999] = bad;
        let good = upload(&normal(2, 50, DType::F32), &[50], DType::F32, &device).unwrap();
        let spoilt = upload(&values, &[9000], DType::F32, &device).unwrap();
        squares(&[&good, &spoilt, &good]).unwrap()
    };
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let sums = sums(bad);
        assert!(sums[0].is_finite() && !sums[1].is_finite() && sums[2].is_finite(), "{sums:?}");
    }
    // The square of which no f32 holds.
    assert!(sums(-3e38)[1].is_finite());
}

struct CpuAlone;

impl Rule for CpuAlone {
    fn name(&self) -> &'static str {
        "cpu-alone"
    }

    fn slots(&self) -> &'static [Slot] {
        &[]
    }

    fn factors(&self, _: Now) -> [f32; 8] {
        [0.0; 8]
    }

    fn update(&self, _: [f32; 8], _: &mut [f32], _: &[f32], _: &mut [&mut [f32]]) {}
}

#[test]
fn what_does_not_fit_is_refused() {
    let device = cuda();
    let weight = upload(&normal(1, 8, DType::F32), &[8], DType::F32, &device).unwrap();
    let on_cpu = upload(&normal(1, 8, DType::F32), &[8], DType::F32, &Device::Cpu).unwrap();
    let now = Now { step: 1, rate: 0.5, decay: 0.0, scale: 1.0 };
    let refused = |rule: &dyn Rule, gradient: &Tensor, kept: &Tensor| {
        let mut slots: Vec<Values> =
            rule.slots().iter().map(|slot| Values::filled(kept, slot.start).unwrap()).collect();
        let mut targets = [Target { weight: &weight, gradient, slots: &mut slots, now }];
        step(rule, &mut targets, || Ok(true)).unwrap_err().to_string()
    };
    let error = refused(&CpuAlone, &weight, &weight);
    assert!(error.contains("`cpu-alone` has no CUDA kernel"), "{error}");
    let error = refused(&Sgd::default(), &on_cpu, &weight);
    assert!(error.contains("another device"), "{error}");
    let error = refused(&Sgd::default(), &weight, &on_cpu);
    assert!(error.contains("is on the CPU"), "{error}");
    let error = refused(&Sgd::default(), &weight.to_dtype(DType::BF16).unwrap(), &weight);
    assert!(error.contains("8 f32 elements"), "{error}");
    let error = refused(&Sgd::default(), &weight.narrow(0, 0, 7).unwrap(), &weight);
    assert!(error.contains("[7]"), "{error}");
    let every_second = Tensor::stack(&[&weight, &weight], 1).unwrap().narrow(1, 0, 1).unwrap().squeeze(1).unwrap();
    let error = refused(&Sgd::default(), &every_second, &weight);
    assert!(error.contains("not contiguous"), "{error}");
}
