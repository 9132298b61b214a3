//! A stem or a block by itself, of windows and layers that few tables have, against the layers of training.

use candle_core::{Device, Result, Tensor};
use effnet_kernels::buffer::Shared;
use effnet_kernels::simd::Level;
use effnet_kernels::threads::Pool;
use effnet_spec::plan::{self, BlockType, Channels, LayerKind, Site, Template, Window};
use effnet_spec::{Activation, Operator, Padding, Row, Settings, Spec};

use super::{BF16_TOLERANCE, TOLERANCE, error_of, images, normal, perturb};
use crate::infer::block::schedule;
use crate::infer::conv::Input;
use crate::infer::fold::Source;
use crate::infer::map::{Border, Map};
use crate::infer::profile::Place;
use crate::infer::run::Run;
use crate::infer::schedule::{Between, Schedule};
use crate::infer::stem::Stem;
use crate::infer::{Conventions, weights};
use crate::scope::Scope;
use crate::{Params, Pass, Precision, layers};

/// A block of these layers, whatever its expansion.
macro_rules! of_layers {
    ($($layer:expr),* $(,)?) => {
        Operator::Unnamed(&BlockType {
            name: "tested",
            automl: None,
            class: "Tested",
            rust_type: "Tested",
            ungated_class: None,
            layers: &[$($layer),*],
            unexpanded: &[$($layer),*],
            expands: true,
            has_shortcut: true,
            kernels: &[1, 3, 5, 7],
        })
    };
}

const PLAIN: Operator =
    of_layers![Template::conv("conv", "conv", Channels::In, Channels::Out, Window::Strided).activated()];

/// A schedule fits the same block without the activation behind its projection.
const FUSED: Operator = of_layers![
    Template::conv("expand_conv", "conv_exp", Channels::In, Channels::Expanded, Window::Strided).activated(),
    Template::conv("project_conv", "conv_pwl", Channels::Expanded, Channels::Out, Window::Pixel).activated(),
];

/// As [`FUSED`].
const MBCONV: Operator = of_layers![
    Template::conv("expand_conv", "conv_pw", Channels::In, Channels::Expanded, Window::Pixel).activated(),
    Template::depthwise("dwconv", "conv_dw", Channels::Expanded, Window::Strided).activated(),
    Template::squeeze_excite("se", Channels::Expanded),
    Template::conv("project_conv", "conv_pwl", Channels::Expanded, Channels::Out, Window::Pixel).activated(),
];

/// Dense convolutions of every window, which run layer by layer.
const LAYERED: Operator = of_layers![
    Template::conv("first", "first", Channels::In, Channels::Expanded, Window::Kernel).activated(),
    Template::squeeze_excite("se", Channels::Expanded),
    Template::conv("last", "last", Channels::Expanded, Channels::Out, Window::Strided).activated(),
];

/// Parameters by our names.
struct Held<'a>(&'a Params);

impl Source for Held<'_> {
    fn read(&self, name: &str, _: usize) -> weights::Result<Vec<f32>> {
        Ok(self.0.get(name).expect("a parameter of the layers").flatten_all()?.to_vec1()?)
    }
}

fn conventions(level: Level, precision: Precision, settings: &Settings) -> Conventions {
    let Settings { padding, bn_eps: eps, .. } = *settings;
    Conventions { level, precision, padding, eps }
}

/// Calls `work` with what a session's run has, for as many images, and scratch memory of `floats` for each thread.
fn with_run<R>(level: Level, batch: usize, floats: usize, work: impl FnOnce(&Run<'_>) -> R) -> R {
    let pool = Pool::new(2);
    let mut scratch = vec![f32::NAN; pool.threads() * floats];
    let (scratch, place) = (Shared::new(&mut scratch), Place::Stem);
    work(&Run { level, pool: &pool, scratch, scratch_size: floats, batch, spans: None, place })
}

/// A map of `channels` with the border of some reader.
fn out_map(size: (usize, usize), channels: usize) -> Map {
    Map { size, channels, border: Border { top: 1, left: 2, bottom: 2, right: 1 } }
}

/// The images of a map, `[N, H, W, C]`, without its border.
fn pixels_of(map: Map, batch: usize, data: &[f32]) -> Result<Tensor> {
    let (height, width) = map.size;
    let lines = (0..batch * height).map(|at| map.pixels(at / height, at % height, 0).start);
    let lines = lines.flat_map(|start| &data[start..][..width * map.channels]).copied();
    Tensor::from_iter(lines, &Device::Cpu)?.reshape((batch, height, width, map.channels))
}

fn run_block(block: &dyn Schedule, level: Level, x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    let (size, values) = ((height, width), x.flatten_all()?.to_vec1::<f32>()?);
    let map = Map { size, channels, border: block.border(size) };
    let mut data = vec![f32::NAN; batch * map.image()];
    map.clear_border(batch, &mut data);
    for (at, line) in values.chunks_exact(width * channels).enumerate() {
        data[map.pixels(at / height, at % height, 0).start..][..line.len()].copy_from_slice(line);
    }
    let [mut wide, mut sums, mut squeezed] = block.between(size).map(|floats| vec![f32::NAN; batch * floats]);
    let out = out_map(block.output(size), block.out_channels());
    let mut found = vec![f32::NAN; batch * out.image()];
    with_run(level, batch, block.scratch(size), |run| {
        let mut narrow = vec![f32::NAN; if block.reads_bf16() { data.len() / 2 } else { 0 }];
        if block.reads_bf16() {
            run.narrow(&data, &mut narrow);
        }
        let between = Between { wide: &mut wide, sums: &mut sums, squeezed: &mut squeezed };
        block.run(run, Input { data: &data, map, narrow: &narrow }, between, &mut found, out);
    });
    pixels_of(out, batch, &found)
}

/// Both paddings with each of these activations.
fn settings(activations: &[Activation]) -> impl Iterator<Item = Settings> {
    activations.iter().flat_map(|activation| {
        Padding::ALL.map(|padding| Settings { padding, activation: *activation, ..Settings::DEFAULT })
    })
}

fn check_block(row: Row, settings: &Settings) -> Result<()> {
    let spec = Spec { name: "Tested".into(), rows: vec![row].into(), settings: settings.clone() };
    let block = spec.blocks().next().expect("a row has a block");
    let root = Scope::root(settings, Params::new(3).builder())?;
    let expected = layers::Block::new(&root, &block)?;
    perturb(&root.params)?;
    for (batch, height, width) in [(1, 1, 1), (2, 6, 9), (1, 23, 32)] {
        let length = batch * height * width * block.in_channels;
        let x = Tensor::from_vec(normal(9, length), (batch, height, width, block.in_channels), &Device::Cpu)?;
        let expected = layers::run(&x, &[&expected], &Pass::Eval(Precision::F32))?;
        for level in Level::available() {
            for (precision, tolerance) in [(Precision::F32, TOLERANCE), (Precision::Bf16, BF16_TOLERANCE)] {
                let with = conventions(level, precision, settings);
                let found = run_block(&*schedule(&Held(&root.params), &block, &with).unwrap(), level, &x)?;
                assert_eq!(found.dims(), expected.dims());
                let error = error_of(&found, &expected)?;
                let what = format!("{block:?} of {height} × {width} in {precision:?} at {}", level.name());
                assert!(error <= tolerance, "{what}, {settings:?}: {error}");
            }
        }
    }
    Ok(())
}

#[test]
fn dense_convolutions_of_every_window_equal_the_layers_of_training() -> Result<()> {
    for settings in settings(&[Activation::HardSwish]) {
        for (kernel, stride) in [1, 3, 5, 7].into_iter().flat_map(|kernel| [(kernel, 1), (kernel, 2)]) {
            for (inputs, outputs) in [(8, 8), (6, 13), (13, 13)] {
                check_block(Row::new(1, kernel, stride, 1, inputs, outputs, PLAIN, 0.0), &settings)?;
                check_block(Row::new(1, kernel, stride, 2, inputs, outputs, FUSED, 0.0), &settings)?;
                check_block(Row::new(1, kernel, stride, 2, inputs, outputs, LAYERED, 0.25), &settings)?;
            }
        }
    }
    Ok(())
}

#[test]
fn an_activation_behind_the_projection_stands_in_front_of_the_shortcut() -> Result<()> {
    for settings in settings(&Activation::ALL) {
        for (stride, ratio) in [(1, 0.25), (1, 0.0), (2, 0.25)] {
            check_block(Row::new(1, 5, stride, 3, 12, 12, MBCONV, ratio), &settings)?;
        }
    }
    Ok(())
}

#[test]
fn stems_of_every_kernel_equal_the_layers_of_training() -> Result<()> {
    let row = Row::new(1, 3, 1, 1, 13, 13, Operator::Fused, 0.0);
    for settings in settings(&[Activation::Silu]) {
        let spec = Spec { name: "Tested".into(), rows: vec![row].into(), settings: settings.clone() };
        for kernel in [1, 3, 5, 7] {
            let conv = plan::Conv { kernel, ..spec.stem_conv() };
            let stem = spec.stem();
            let site = Site { layer: plan::Layer { kind: LayerKind::Conv(conv), ..stem.layer }, ..stem };
            let root = Scope::root(&settings, Params::new(3).builder())?;
            let layer = layers::Block::of_site(&root, &site)?;
            perturb(&root.params)?;
            for (batch, height, width) in [(1, 1, 1), (3, 2, 7), (2, 45, 38)] {
                let images = images(batch, height, width)?;
                let map = images.permute((0, 2, 3, 1))?.contiguous()?;
                let expected = layers::run(&map, &[&layer], &Pass::Eval(Precision::F32))?;
                for level in Level::available() {
                    let with = conventions(level, Precision::F32, &settings);
                    let stem = Stem::new(&Held(&root.params), (&site.name(), &conv), &with).unwrap();
                    let out = out_map(stem.output((height, width)), stem.out_channels());
                    let mut found = vec![f32::NAN; batch * out.image()];
                    with_run(level, batch, stem.scratch((height, width)), |run| {
                        let images = images.flatten_all()?.to_vec1::<f32>()?;
                        stem.run(run, &images, (height, width), &mut found, out);
                        Result::Ok(())
                    })?;
                    let error = error_of(&pixels_of(out, batch, &found)?, &expected)?;
                    let what = format!("a stem of kernel {kernel}, {height} × {width} at {}", level.name());
                    assert!(error <= TOLERANCE, "{what}, {settings:?}: {error}");
                }
            }
        }
    }
    Ok(())
}
