use candle_core::{Device, Result, Tensor, Var};
use effnet_spec::{Activation, Padding};

use super::{Part, chain};
use crate::ops::{ConvNormAct, Kind, Norm, Residual, SqueezeExcite, Window};
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

fn part(kind: Kind, kernel: usize, vars: &[Var], activation: Option<Activation>) -> Part<'_> {
    let window = Window { kernel, stride: 1, padding: Padding::Symmetric };
    let [weight, gamma, beta] = [0, 1, 2].map(|at| vars[at].as_tensor());
    Part::ConvNormAct(ConvNormAct { kind, window, weight, gamma, beta, eps: 1e-3, norm: Norm::Batch, activation })
}

/// A block as one chain, and as a chain for each part: the same bits, forwards and backwards.
#[test]
fn a_chain_is_its_parts() -> Result<()> {
    let silu = Some(Activation::Silu);
    let (expand, filter) = (conv(1, &[12, 6, 1, 1])?, conv(11, &[12, 1, 3, 3])?);
    let squeeze: Vec<Var> = (21..)
        .zip([&[3usize, 12, 1, 1] as &[usize], &[3], &[12, 3, 1, 1], &[12]])
        .map(|(seed, shape)| var(seed, shape))
        .collect::<Result<_>>()?;
    let (project, x) = (conv(31, &[6, 12, 1, 1])?, var(41, &[2, 5, 4, 6])?);
    let [reduce_weight, reduce_bias, expand_weight, expand_bias] = [0, 1, 2, 3].map(|at| squeeze[at].as_tensor());
    let activation = Activation::Silu;
    let parts = [
        part(Kind::Dense, 1, &expand, silu),
        part(Kind::Depthwise, 3, &filter, silu),
        Part::SqueezeExcite(SqueezeExcite { reduce_weight, reduce_bias, expand_weight, expand_bias, activation }),
        part(Kind::Dense, 1, &project, None),
    ];
    let branch = [1.25, 0.0];
    let vars: Vec<&Var> = expand.iter().chain(&filter).chain(&squeeze).chain(&project).chain([&x]).collect();
    let run = |together: bool| -> Result<Vec<Vec<f32>>> {
        let residual = Residual { shortcut: x.as_tensor(), branch: Some(&branch) };
        let y = if together {
            chain(x.as_tensor(), &parts, Some(residual))?.0
        } else {
            let mut y = x.as_tensor().clone();
            for (at, part) in parts.iter().enumerate() {
                y = chain(&y, &[*part], Some(residual).filter(|_| at == 3))?.0;
            }
            y
        };
        let gradients = y.sqr()?.tanh()?.sum_all()?.backward()?;
        let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1();
        let gradients = vars.iter().map(|var| match gradients.get(var) {
            Some(gradient) => flat(gradient),
            None => candle_core::bail!("a gradient is missing"),
        });
        std::iter::once(flat(&y)).chain(gradients).collect()
    };
    assert_eq!(run(true)?, run(false)?);
    Ok(())
}

#[test]
fn chains_that_cannot_be_are_refused() -> Result<()> {
    let x = var(1, &[1, 2, 2, 6])?;
    assert!(chain(x.as_tensor(), &[], None).is_err());
    let vars = conv(2, &[4, 6, 1, 1])?;
    let part = part(Kind::Dense, 1, &vars, None);
    let residual = |branch| Some(Residual { shortcut: x.as_tensor(), branch });
    let error = chain(x.as_tensor(), &[part], residual(None)).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("24 elements"), "{error}");
    let error = chain(x.as_tensor(), &[part], residual(Some(&[1.0, 1.0]))).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("2 factors"), "{error}");
    Ok(())
}
