#[cfg(feature = "cuda")]
mod cuda;

use candle_core::{Device, Result, Tensor, Var};
use effnet_spec::{Activation, Gate, Padding};

use crate::graph::{ConvNormAct, Kind, Layer, Norm, Sequence, Shortcut, SqueezeExcite, Window, chain};
use crate::random::{Purpose, Stream};

fn var(seed: u64, shape: &[usize]) -> Result<Var> {
    let stream = Stream::new(seed, Purpose::Bench, 0, 0, 0);
    let values = (0..shape.iter().product::<usize>() as u64).map(|at| 0.5 * stream.normal(at) as f32).collect();
    Var::from_vec(values, shape, &Device::Cpu)
}

/// A convolution's weight, scale and shift.
fn conv(seed: u64, weight: &[usize]) -> Result<Vec<Var>> {
    [weight, &weight[..1], &weight[..1]].iter().enumerate().map(|(at, shape)| var(seed + at as u64, shape)).collect()
}

fn layer(kind: Kind, kernel: usize, vars: &[Var], activation: Option<Activation>) -> Layer {
    let window = Window { kernel, stride: 1, padding: Padding::Symmetric };
    let [weight, gamma, beta] = [0, 1, 2].map(|at| vars[at].as_tensor().clone());
    Layer::ConvNormAct(ConvNormAct { kind, window, weight, gamma, beta, eps: 1e-3, norm: Norm::Batch, activation })
}

/// A block of maps of 6 channels: its parameters.
struct Block {
    expand: Vec<Var>,
    filter: Vec<Var>,
    squeeze: Vec<Var>,
    project: Vec<Var>,
}

impl Block {
    fn new(seed: u64) -> Result<Self> {
        let squeeze = (seed + 21..)
            .zip([&[3usize, 12, 1, 1] as &[usize], &[3], &[12, 3, 1, 1], &[12]])
            .map(|(seed, shape)| var(seed, shape))
            .collect::<Result<_>>()?;
        let (expand, filter) = (conv(seed + 1, &[12, 6, 1, 1])?, conv(seed + 11, &[12, 1, 3, 3])?);
        Ok(Self { expand, filter, squeeze, project: conv(seed + 31, &[6, 12, 1, 1])? })
    }

    fn vars(&self) -> impl Iterator<Item = &Var> {
        self.expand.iter().chain(&self.filter).chain(&self.squeeze).chain(&self.project)
    }

    fn layers(&self) -> Vec<Layer> {
        let silu = Some(Activation::Silu);
        let [reduce_weight, reduce_bias, expand_weight, expand_bias] =
            [0, 1, 2, 3].map(|at| self.squeeze[at].as_tensor().clone());
        let (activation, gate) = (Activation::Silu, Gate::Sigmoid);
        let squeeze = SqueezeExcite { reduce_weight, reduce_bias, expand_weight, expand_bias, activation, gate };
        vec![
            layer(Kind::Dense, 1, &self.expand, silu),
            layer(Kind::Depthwise, 3, &self.filter, silu),
            Layer::SqueezeExcite(squeeze),
            layer(Kind::Dense, 1, &self.project, None),
        ]
    }
}

/// The result's numbers, and those of each variable's gradient of a function of it; none where there is no gradient.
fn numbers<'a>(y: &Tensor, vars: impl Iterator<Item = &'a Var>) -> Result<Vec<Vec<f32>>> {
    let gradients = y.sqr()?.tanh()?.sum_all()?.backward()?;
    let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1();
    let gradients = vars.map(|var| gradients.get(var).map_or(Ok(Vec::new()), flat));
    std::iter::once(flat(y)).chain(gradients).collect()
}

/// How far numbers may be apart whose moments were added up in another order, relative to the largest of their tensor.
const ORDER_TOLERANCE: f32 = 1e-5;

/// Holds numbers against others that were found in another order.
fn assert_near(together: &[Vec<f32>], apart: &[Vec<f32>]) {
    assert_eq!(together.len(), apart.len());
    for (together, apart) in together.iter().zip(apart) {
        let largest = apart.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        assert!(largest > 0.0 && together.len() == apart.len());
        for (together, apart) in together.iter().zip(apart) {
            assert!((together - apart).abs() <= ORDER_TOLERANCE * largest, "{together} and {apart}");
        }
    }
}

const BRANCH: [f32; 2] = [1.25, 0.0];

/// A block as one chain, and as a chain for each layer: the same numbers, but for the order in which moments are added
/// up.
#[test]
fn a_block_is_its_parts() -> Result<()> {
    let (block, x) = (Block::new(0)?, var(41, &[2, 5, 4, 6])?);
    let shortcut = Some(Shortcut { branch: Some(BRANCH.to_vec()) });
    let together = chain(x.as_tensor(), &[Sequence { layers: block.layers(), shortcut }])?.0;
    let mut apart = x.as_tensor().clone();
    for layer in block.layers() {
        apart = chain(&apart, &[Sequence { layers: vec![layer], shortcut: None }])?.0;
    }
    let branch = Tensor::from_slice(&BRANCH, (2, 1, 1, 1), &Device::Cpu)?;
    let apart = (apart.broadcast_mul(&branch)? + x.as_tensor())?;
    let vars = || block.vars().chain([&x]);
    assert_near(&numbers(&together, vars())?, &numbers(&apart, vars())?);
    Ok(())
}

/// Blocks as one chain, and as a chain each: the same bits, whatever tracks.
#[test]
fn a_stage_is_its_blocks() -> Result<()> {
    let (blocks, x) = ([Block::new(0)?, Block::new(100)?, Block::new(200)?], var(41, &[2, 5, 4, 6])?);
    let detached: Vec<Var> = blocks[0].vars().map(|var| Var::from_tensor(var)).collect::<Result<_>>()?;
    for (input_tracks, first_tracks) in [(true, true), (false, true), (false, false)] {
        let input = if input_tracks { x.as_tensor().clone() } else { x.detach() };
        let frozen: Vec<Tensor> = detached.iter().map(|var| var.detach()).collect();
        let mut sequences: Vec<Sequence> = blocks
            .iter()
            .enumerate()
            .map(|(at, block)| {
                let shortcut = (at != 1).then_some(Shortcut { branch: (at == 0).then_some(BRANCH.to_vec()) });
                Sequence { layers: block.layers(), shortcut }
            })
            .collect();
        if !first_tracks {
            freeze(&mut sequences[0], &frozen);
        }
        let (together, moments) = chain(&input, &sequences)?;
        assert_eq!(moments.len(), 12);
        let mut apart = input.clone();
        for sequence in &sequences {
            apart = chain(&apart, std::slice::from_ref(sequence))?.0;
        }
        let vars = || blocks.iter().flat_map(Block::vars).chain([&x]);
        let (together, apart) = (numbers(&together, vars())?, numbers(&apart, vars())?);
        let found = together[1..].iter().filter(|gradient| !gradient.is_empty()).count();
        assert_eq!(found, 39 + usize::from(input_tracks) - 13 * usize::from(!first_tracks));
        assert_eq!(together, apart);
    }
    Ok(())
}

/// Puts other parameters, in the order of [`Block::vars`], in the place of a block's.
fn freeze(sequence: &mut Sequence, params: &[Tensor]) {
    let mut params = params.iter();
    let mut next = || params.next().expect("a block has 13 parameters").clone();
    for layer in &mut sequence.layers {
        match layer {
            Layer::ConvNormAct(op) => [op.weight, op.gamma, op.beta] = [next(), next(), next()],
            Layer::SqueezeExcite(op) => {
                [op.reduce_weight, op.reduce_bias, op.expand_weight, op.expand_bias] = [next(), next(), next(), next()];
            }
        }
    }
}

#[test]
fn chains_that_cannot_be_are_refused() -> Result<()> {
    let x = var(1, &[1, 2, 2, 6])?;
    let refused = |sequences: &[Sequence]| chain(x.as_tensor(), sequences).map(|_| ()).unwrap_err().to_string();
    assert!(refused(&[]).contains("without sequences"));
    assert!(refused(&[Sequence { layers: Vec::new(), shortcut: None }]).contains("without layers"));
    let vars = conv(2, &[4, 6, 1, 1])?;
    let sequence =
        |branch| [Sequence { layers: vec![layer(Kind::Dense, 1, &vars, None)], shortcut: Some(Shortcut { branch }) }];
    assert!(refused(&sequence(None)).contains("a shortcut [1, 2, 2, 6] does not fit [1, 2, 2, 4]"));
    assert!(refused(&sequence(Some(vec![1.0, 1.0]))).contains("2 factors"));
    let (wide, block) = (var(3, &[1, 2, 2, 12])?, Block::new(0)?);
    let gate = Sequence { layers: vec![block.layers().swap_remove(2)], shortcut: Some(Shortcut { branch: None }) };
    let error = chain(wide.as_tensor(), &[gate]).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("ends in a squeeze-and-excitation"));
    Ok(())
}

/// Two squeeze-and-excitations in a row, as one chain and as a chain each, behind a convolution and in front of
/// another.
#[test]
fn a_gate_may_follow_another() -> Result<()> {
    let (block, other, x) = (Block::new(0)?, Block::new(100)?, var(41, &[2, 5, 4, 6])?);
    let mut layers = block.layers();
    layers.insert(3, other.layers().swap_remove(2));
    let together = chain(x.as_tensor(), &[Sequence { layers: layers.clone(), shortcut: None }])?.0;
    let mut apart = x.as_tensor().clone();
    for layer in layers {
        apart = chain(&apart, &[Sequence { layers: vec![layer], shortcut: None }])?.0;
    }
    let vars = || block.vars().chain(&other.squeeze).chain([&x]);
    assert_near(&numbers(&together, vars())?, &numbers(&apart, vars())?);
    Ok(())
}
