//! A convolution by itself, as a node: chains have none without a normalisation, but tests do.

use std::borrow::Borrow;

use candle_core::{Result, Tensor};

use super::{Kind, Window, record};
use crate::backend::window::Geometry;
use crate::backend::{Backend, Grad, on_device};

/// `x ∗ weight`, of any layout; differentiable in both.
pub(crate) fn convolution(kind: Kind, x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    on_device!(x.device(), backend => by(backend, kind, x, weight, window))
}

fn by<B: Backend>(backend: B, kind: Kind, x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let (x, weight) = (x.contiguous()?, weight.contiguous()?);
    let geometry = Geometry::of(kind, x.dims(), weight.dims(), window)?;
    let z = {
        let view = backend.view(&x)?;
        let source = backend.source(view.borrow(), geometry.in_channels);
        backend.convolution(&geometry, source, &weight, false)?.0
    };
    let (saved_x, saved_weight) = (x.detach(), weight.detach());
    let (param, wants_input) = (weight.id(), x.track_op());
    let y = backend.tensor(z, &geometry.out_shape())?;
    record("convolution", &x, &[&weight], y, move |grad, found| {
        let view = backend.view(&saved_x)?;
        let source = backend.source(view.borrow(), geometry.in_channels);
        let grad = backend.map(grad)?;
        found.add(param, backend.weight_gradient(&geometry, source, &grad)?)?;
        if !wants_input {
            return Ok(None);
        }
        let gradient = backend.input_gradient(&geometry, &grad, &saved_weight, None::<Grad<'_, B>>)?;
        backend.gradient(gradient, saved_x.shape()).map(Some)
    })
}
