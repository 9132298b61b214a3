mod parts;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use effnet_kernels::simd::{Level, with_level};
use effnet_spec::{Size, Spec, grammar};

use super::{Engine, Kind, Options, Place};
use crate::random::{Purpose, Stream};
use crate::{DynamicModel, Network, Params, Pass, Precision};

/// How far an engine's logits may be from the network's, relative to the largest: two ways to sum in f32.
pub(crate) const TOLERANCE: f32 = 2e-4;

/// How far an engine's logits in bf16 may be: two roundings by up to 2⁻⁸ of each product's terms, a dozen blocks deep.
pub(crate) const BF16_TOLERANCE: f32 = 3e-2;

/// Every kind of block: with and without shortcut, expansion and squeeze-and-excitation, each kernel, channels that
/// fill no vector.
const MIXED: &str = "<
    [1, 3, 1, 1,  8,  8, fused,  0],
    [2, 3, 1, 1,  8, 13, fused,  0.25],
    [2, 3, 2, 4, 13, 16, fused,  0],
    [2, 5, 1, 2, 16, 16, fused,  0.5],
    [2, 3, 1, 4, 16, 24, fused,  0],
    [1, 3, 1, 1, 24, 20, mbconv, 0],
    [2, 3, 2, 4, 20, 24, mbconv, 0.25],
    [2, 5, 1, 6, 24, 24, mbconv, 0.25],
    [2, 7, 2, 3, 24, 33, mbconv, 0.25],
    [2, 7, 1, 1, 33, 33, fused,  0],
> { num_features: 50 }";

fn spec(settings: &str) -> Spec {
    let text = MIXED.replace("num_features: 50", settings);
    grammar::parse_table("Mixed", &text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

pub(crate) fn normal(seed: u64, length: usize) -> Vec<f32> {
    let stream = Stream::new(seed, Purpose::Bench, 0, 0, 0);
    (0..length as u64).map(|element| stream.normal(element) as f32).collect()
}

fn network(spec: &Spec) -> Result<DynamicModel> {
    perturbed(DynamicModel::from_spec(spec, 7, Params::new(3).builder())?)
}

/// The network with batch normalisations and biases that do something.
pub(crate) fn perturbed(network: DynamicModel) -> Result<DynamicModel> {
    perturb(network.params())?;
    Ok(network)
}

/// Makes batch normalisations and biases do something.
fn perturb(params: &Params) -> Result<()> {
    for (at, (name, var)) in params.all().into_iter().enumerate() {
        let noise = Tensor::from_vec(normal(at as u64, var.elem_count()), var.shape(), &Device::Cpu)?;
        if name.ends_with("running_var") {
            var.set(&(noise.abs()? + 0.5)?)?;
        } else if !name.ends_with("conv.weight") {
            var.set(&(var.as_tensor() + (noise * 0.2)?)?)?;
        }
    }
    Ok(())
}

pub(crate) fn images(batch: usize, height: usize, width: usize) -> Result<Tensor> {
    Tensor::from_vec(normal(99, batch * 3 * height * width), (batch, 3, height, width), &Device::Cpu)
}

/// The largest difference, relative to the largest of `expected`; NaN where a number is none.
pub(crate) fn error_of(found: &Tensor, expected: &Tensor) -> Result<f32> {
    let largest = expected.abs()?.max_all()?.to_scalar::<f32>()?;
    let differences = (found - expected)?.abs()?.flatten_all()?.to_vec1::<f32>()?;
    Ok(differences.into_iter().max_by(f32::total_cmp).unwrap_or_default() / largest)
}

#[test]
fn logits_are_the_networks_at_every_size_padding_and_level() -> Result<()> {
    for settings in
        ["num_features: 50", "num_features: 64, padding: same", "activation: hard_swish", "stem: 8, activation: relu6"]
    {
        let spec = spec(settings);
        let network = network(&spec)?;
        for level in Level::available() {
            let engine = with_level(level, || Engine::new(&network, &Options::default()))?;
            let bf16 = Options::default().with_precision(Precision::Bf16);
            let bf16 = with_level(level, || Engine::new(&network, &bf16))?;
            for (batch, height, width) in [(1, 32, 32), (2, 45, 37), (3, 1, 1), (1, 7, 90), (9, 20, 33), (17, 16, 16)] {
                let images = images(batch, height, width)?;
                let expected = network.run(&images, &Pass::Eval(Precision::F32))?;
                let what = format!("{settings}, {}, {batch} × {height} × {width}", level.name());
                let error = error_of(&engine.forward(&images)?, &expected)?;
                assert!(error <= TOLERANCE, "{what}: {error}");
                let error = error_of(&bf16.forward(&images)?, &expected)?;
                assert!(error <= BF16_TOLERANCE, "{what} in bf16: {error}");
                assert!(error > TOLERANCE, "{what} in bf16 is computed in f32");
            }
        }
    }
    Ok(())
}

#[test]
fn threads_do_not_change_a_bit() -> Result<()> {
    let spec = spec("num_features: 50");
    let network = network(&spec)?;
    let images = images(3, 61, 47)?;
    for precision in [Precision::F32, Precision::Bf16] {
        let run = |threads| {
            let options = Options::default().with_threads(threads).with_precision(precision);
            Engine::new(&network, &options)?.forward(&images)?.to_vec2::<f32>()
        };
        let one = run(1)?;
        assert_eq!(one, run(2)?);
        assert_eq!(one, run(3)?);
    }
    Ok(())
}

#[test]
fn a_batch_is_its_images() -> Result<()> {
    let spec = spec("num_features: 50");
    let network = network(&spec)?;
    let images = images(11, 24, 28)?;
    for precision in [Precision::F32, Precision::Bf16] {
        let engine = Engine::new(&network, &Options::default().with_precision(precision))?;
        let together = engine.forward(&images)?.to_vec2::<f32>()?;
        for (at, together) in together.iter().enumerate() {
            assert_eq!(&engine.forward(&images.narrow(0, at, 1)?)?.to_vec2::<f32>()?[0], together);
        }
    }
    Ok(())
}

#[test]
fn sessions_of_several_sizes_and_threads_share_an_engine() -> Result<()> {
    let spec = spec("num_features: 50");
    let network = network(&spec)?;
    let engine = Engine::new(&network, &Options::default().with_threads(2))?;
    let shapes = [(1, 32, 32), (2, 17, 40), (1, 64, 48)];
    let expected: Vec<_> =
        shapes.iter().map(|&(n, h, w)| engine.forward(&images(n, h, w)?)?.to_vec2::<f32>()).collect::<Result<_>>()?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let mut sessions =
                        shapes.iter().map(|&(n, h, w)| engine.session(n, h, w)).collect::<Result<Vec<_>>>()?;
                    for _ in 0..5 {
                        for (session, (&(n, h, w), expected)) in sessions.iter_mut().zip(shapes.iter().zip(&expected)) {
                            let images = images(n, h, w)?.flatten_all()?.to_vec1::<f32>()?;
                            let mut logits = vec![f32::NAN; n * 7];
                            session.run(&images, &mut logits)?;
                            assert_eq!(logits, expected.concat());
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a thread panicked"))
    })
}

#[test]
fn a_file_gives_the_networks_logits() -> Result<()> {
    let spec = spec("num_features: 50");
    let network = network(&spec)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mixed.safetensors");
    let metadata = crate::weights::Metadata::of(&network, "mixed", &[]);
    crate::weights::save(
        &path,
        network.params().all().into_iter().map(|(name, var)| (name, var.into_inner())),
        &metadata,
    )
    .map_err(candle_core::Error::wrap)?;
    let file = crate::weights::WeightsFile::open(&path).map_err(candle_core::Error::wrap)?;
    let engine = Engine::open(&file, &spec, None, &Options::default()).map_err(candle_core::Error::wrap)?;
    let other = self::spec("num_features: 51");
    let refused = Engine::open(&file, &other, None, &Options::default()).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("head.project_conv"), "{refused}");
    let images = images(2, 33, 32)?;
    let expected = Engine::new(&network, &Options::default())?.forward(&images)?;
    assert_eq!(engine.forward(&images)?.to_vec2::<f32>()?, expected.to_vec2::<f32>()?);
    Ok(())
}

#[test]
fn weights_mapped_from_a_file_give_the_networks_logits() -> Result<()> {
    let spec = spec("num_features: 50");
    let network = network(&spec)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mixed.safetensors");
    let tensors: std::collections::HashMap<String, Tensor> =
        network.params().all().into_iter().map(|(name, var)| (name, var.into_inner())).collect();
    candle_core::safetensors::save(&tensors, &path)?;
    // SAFETY: nobody else writes the file.
    let mapped = unsafe { VarBuilder::from_mmaped_safetensors(&[path], DType::F32, &Device::Cpu)? };
    let engine = Engine::new(&DynamicModel::from_spec(&spec, 7, mapped)?, &Options::default())?;
    let images = images(2, 33, 32)?;
    let expected = Engine::new(&network, &Options::default())?.forward(&images)?;
    assert_eq!(engine.forward(&images)?.to_vec2::<f32>()?, expected.to_vec2::<f32>()?);
    Ok(())
}

#[test]
fn a_profile_adds_up() -> Result<()> {
    let spec = spec("num_features: 50");
    let engine = Engine::new(&network(&spec)?, &Options::default())?;
    let (images, mut logits) = (normal(1, 3 * 96 * 96), vec![0.0; 7]);
    let mut session = engine.session(1, 96, 96)?;
    session.run(&images, &mut logits)?;
    // The least of several runs: another process may stop any one of them between two jobs.
    let missing = (0..20)
        .map(|_| {
            let start = std::time::Instant::now();
            let spans = session.profile(&images, &mut logits)?;
            let whole = start.elapsed().as_secs_f64();
            Ok(1.0 - spans.iter().map(|span| span.seconds).sum::<f64>() / whole)
        })
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    assert!(missing.abs() < 0.05, "{missing} of a run is in no span");
    let macs: u64 = session.profile(&images, &mut logits)?.iter().map(|span| span.macs).sum();
    let counted = spec.cost(Size::square(96), 7).macs;
    assert!((macs as f64 / counted as f64 - 1.0).abs() < 0.1, "{macs} and {counted}");
    Ok(())
}

/// Images beyond the first eight run in groups of their own, whose stems and heads are stems and heads too.
#[test]
fn a_profile_books_each_job_of_a_large_batch_where_it_belongs() -> Result<()> {
    let spec = spec("num_features: 50");
    let engine = Engine::new(&network(&spec)?, &Options::default())?;
    let macs = |batch: usize| -> Result<BTreeMap<Place, u64>> {
        let (images, mut logits) = (normal(1, batch * 3 * 32 * 32), vec![0.0; batch * 7]);
        let mut macs = BTreeMap::new();
        for span in engine.session(batch, 32, 32)?.profile(&images, &mut logits)? {
            match span.kind {
                Kind::Stem => assert_eq!(span.place, Place::Stem),
                Kind::Head | Kind::Classifier => assert_eq!(span.place, Place::Head),
                _ => {}
            }
            *macs.entry(span.place).or_default() += span.macs;
        }
        Ok(macs)
    };
    let of_one = macs(1)?;
    assert_eq!(of_one.len(), 2 + spec.num_blocks());
    for batch in [8, 9, 20] {
        let expected: BTreeMap<_, _> = of_one.iter().map(|(place, macs)| (*place, macs * batch as u64)).collect();
        assert_eq!(macs(batch)?, expected, "{batch} images");
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let spec = spec("num_features: 50");
    let engine = Engine::new(&network(&spec)?, &Options::default())?;
    assert!(engine.session(0, 8, 8).is_err());
    let error = engine.session(1, 8, 8)?.run(&[0.0; 5], &mut [0.0; 7]).unwrap_err().to_string();
    assert!(error.contains("192"), "{error}");
    Ok(())
}
