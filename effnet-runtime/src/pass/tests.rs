//! Statistics that normalise in training, of whole networks: those of ranks that share a batch, and running ones.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use candle_core::{Device, Result, Tensor};
use effnet_kernels::Precision;

use super::{NormUpdates, Pass, Statistics, Step};
use crate::collective::{self, Collective, Pending, Single};
use crate::random::{Purpose, Stream};
use crate::spec::{Operator, Row, Settings, Spec};
use crate::train::optimizer::Gradients;
use crate::{DynamicModel, Network, Params};

const IMAGES: usize = 8;

/// How far ranks that share a batch may be together from one rank with all of it, in norm, relative to the norm.
const RANKS_TOLERANCE: f64 = 1e-5;

fn draws(seed: u64, len: usize) -> Vec<f32> {
    let stream = Stream::new(seed, Purpose::Bench, 0, 0, 0);
    (0..len as u64).map(|at| stream.normal(at) as f32).collect()
}

/// A network with blocks of each kind, squeeze-and-excitation, shortcuts and drop path, with weights and running
/// statistics that are not those it begins with.
fn network() -> Result<DynamicModel> {
    let rows = vec![
        Row::new(2, 3, 1, 1, 8, 8, Operator::Fused, 0.0),
        Row::new(2, 3, 2, 2, 8, 12, Operator::Fused, 0.0),
        Row::new(3, 3, 2, 4, 12, 16, Operator::MbConv, 0.25),
    ];
    let settings = Settings { num_features: 32, drop_path: 0.4, ..Settings::DEFAULT };
    let spec = Spec { name: "Small".into(), rows: rows.into(), settings };
    let network = DynamicModel::from_spec(&spec, 5, Params::new(3).builder())?;
    for (at, (name, var)) in network.params().all().into_iter().enumerate() {
        let noise = Tensor::from_vec(draws(at as u64, var.elem_count()), var.dims(), &Device::Cpu)?;
        match name.rsplit('.').next() {
            Some("running_var") => var.set(&(noise.sqr()? + 0.5)?)?,
            _ if var.rank() == 1 => var.set(&(var.as_tensor() + (noise * 0.2)?)?)?,
            _ => {}
        }
    }
    Ok(network)
}

fn images(range: Range<usize>) -> Result<Tensor> {
    Tensor::from_vec(draws(99, IMAGES * 3 * 16 * 16), (IMAGES, 3, 16, 16), &Device::Cpu)?.narrow(
        0,
        range.start,
        range.len(),
    )
}

/// What a step leaves.
struct Done {
    logits: Vec<f32>,
    /// The gradients of all parameters, one after the other.
    gradients: Vec<f32>,
    /// Running mean and variance of all normalisations, one after the other.
    running: Vec<f32>,
}

fn all(tensors: impl IntoIterator<Item = Tensor>) -> Result<Vec<f32>> {
    let values = tensors.into_iter().map(|tensor| tensor.flatten_all()?.to_vec1());
    Ok(values.collect::<Result<Vec<Vec<f32>>>>()?.concat())
}

fn buffers(network: &dyn Network) -> Result<Vec<f32>> {
    all(network.params().buffers().into_iter().map(|(_, buffer)| buffer.as_detached_tensor()))
}

/// A step of a new network on some of the images, whose draws are the images' own. The loss is a sum over images.
fn step(range: Range<usize>, statistics: &Statistics) -> Result<Done> {
    let (network, norms) = (network()?, NormUpdates::new());
    let samples: Vec<u64> = range.clone().map(|image| 100 + image as u64).collect();
    let step = Step {
        seed: 7,
        step: 3,
        samples: &samples,
        dropout: 0.2,
        drop_path_scale: 1.0,
        precision: Precision::F32,
        statistics,
        norms: &norms,
    };
    let logits = network.run(&images(range)?, &Pass::Train(&step))?;
    let gradients = Gradients::of(&logits.sqr()?.sum_all()?, network.params())?;
    norms.apply(network.params())?;
    let gradients = all(gradients.iter().map(|(_, gradient)| gradient.clone()))?;
    Ok(Done { logits: all([logits])?, gradients, running: buffers(&network)? })
}

/// The norm of the difference, relative to the norm.
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let mut differences = found.iter().zip(expected).map(|(found, expected)| f64::from(*found) - f64::from(*expected));
    norm(&mut differences) / norm(&mut expected.iter().map(|value| f64::from(*value)))
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn ranks_that_share_a_batch_take_the_step_of_one() -> Result<()> {
    let whole = step(0..IMAGES, &Statistics::Local)?;
    for cut in [&[0, 4, 8][..], &[0, 3, 8], &[0, 2, 7, 8]] {
        let ends = collective::threads(cut.len() - 1)?.into_iter().zip(cut.windows(2));
        let ranks: Vec<Done> = thread::scope(|scope| {
            let ranks: Vec<_> = ends
                .map(|(end, of_rank)| {
                    scope.spawn(move || step(of_rank[0]..of_rank[1], &Statistics::Synchronised(Arc::new(end))))
                })
                .collect();
            ranks.into_iter().map(|rank| rank.join().expect("a rank panicked")).collect::<Result<_>>()
        })?;
        let logits: Vec<f32> = ranks.iter().flat_map(|rank| rank.logits.iter().copied()).collect();
        let gradients = ranks.iter().map(|rank| rank.gradients.clone()).reduce(|mut sums, of_rank| {
            sums.iter_mut().zip(of_rank).for_each(|(sum, value)| *sum += value);
            sums
        });
        let pairs = [
            ("logits", &logits, &whole.logits),
            ("gradients", &gradients.unwrap_or_default(), &whole.gradients),
            ("running statistics", &ranks[0].running, &whole.running),
        ];
        for (what, found, expected) in pairs {
            let distance = distance(found, expected);
            assert!(distance <= RANKS_TOLERANCE, "{what} of ranks {cut:?} are {distance:e} from those of one");
        }
        assert!(ranks.iter().all(|rank| bits(&rank.running) == bits(&ranks[0].running)), "{cut:?}");
    }
    // The ranks' own statistics are others.
    let halves = [0..4, 4..8].map(|half| step(half, &Statistics::Local).map(|done| done.logits));
    let [first, second] = halves;
    assert!(distance(&[first?, second?].concat(), &whole.logits) > 1e-2);
    Ok(())
}

/// A rank that is alone, and counts its messages.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl Collective for Counted {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn begin_sum(&self, values: Vec<f32>) -> Pending {
        Single.begin_sum(values)
    }

    fn gather(&self, message: Vec<u8>) -> collective::Result<Vec<Vec<u8>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Single.gather(message)
    }

    fn abort(&self, _: &str) {}
}

#[test]
fn a_rank_that_is_alone_takes_the_step_of_its_own_batch() -> Result<()> {
    let counted = Arc::new(Counted::default());
    let alone = step(0..IMAGES, &Statistics::Synchronised(counted.clone()))?;
    let local = step(0..IMAGES, &Statistics::Local)?;
    assert!(bits(&alone.logits) == bits(&local.logits));
    assert!(bits(&alone.gradients) == bits(&local.gradients));
    assert!(bits(&alone.running) == bits(&local.running));
    // A message each way.
    let buffers = network()?.params().buffers();
    let norms = buffers.iter().filter(|(name, _)| name.ends_with(".running_mean")).count();
    assert_eq!(counted.0.load(Ordering::Relaxed), 2 * norms);
    Ok(())
}

/// How far the slope of the loss along a parameter's gradient, which a difference tells, may be from the gradient's own
/// length, relative to it: what f32 leaves of steps that change the loss by 1e-3 of itself.
const SLOPE_TOLERANCE: f64 = 2e-3;

/// The loss of the evaluated network, which is what a step without drops has by running statistics; in f64.
fn evaluated(network: &dyn Network) -> Result<f64> {
    let logits = all([network.run(&images(0..IMAGES)?, &Pass::Eval(Precision::F32))?])?;
    Ok(logits.into_iter().map(|logit| f64::from(logit).powi(2)).sum())
}

#[test]
fn running_statistics_stay_and_every_parameter_learns_by_them() -> Result<()> {
    let (network, norms) = (network()?, NormUpdates::new());
    let before = buffers(&network)?;
    let samples: Vec<u64> = (0..IMAGES as u64).collect();
    let step = Step {
        seed: 7,
        step: 3,
        samples: &samples,
        dropout: 0.0,
        drop_path_scale: 0.0,
        precision: Precision::F32,
        statistics: &Statistics::Running,
        norms: &norms,
    };
    let logits = network.run(&images(0..IMAGES)?, &Pass::Train(&step))?;
    let gradients = Gradients::of(&logits.sqr()?.sum_all()?, network.params())?;
    norms.apply(network.params())?;
    assert!(bits(&buffers(&network)?) == bits(&before), "running statistics have moved");
    let in_evaluation = network.run(&images(0..IMAGES)?, &Pass::Eval(Precision::F32))?;
    assert!(bits(&all([logits])?) == bits(&all([in_evaluation])?), "a step has other logits than evaluation");

    let loss = evaluated(&network)?;
    assert_eq!(gradients.iter().count(), network.params().weights().len());
    for (name, gradient) in gradients.iter() {
        let var = network.params().get(name).expect("gradients are of parameters");
        let length = all([gradient.clone()])?.into_iter().map(|value| f64::from(value).powi(2)).sum::<f64>();
        let (own, by) = (var.as_detached_tensor().copy()?, 1e-3 * loss / length);
        let moved = |by: f64| {
            var.set(&(&own + (gradient * by)?)?)?;
            evaluated(&network)
        };
        let slope = |by: f64| Ok::<_, candle_core::Error>((moved(by)? - moved(-by)?) / (2.0 * by * length));
        // Richardson's extrapolation takes the loss's bend out.
        let slope = (4.0 * slope(by)? - slope(2.0 * by)?) / 3.0;
        var.set(&own)?;
        assert!((slope - 1.0).abs() <= SLOPE_TOLERANCE, "{name}: a slope of {slope} of its gradient's length");
    }
    Ok(())
}
