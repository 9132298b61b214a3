//! The order in which an implementation stores a parameter's dimensions.

use candle_core::{Result, Tensor};
use effnet_spec::plan::{ConvKind, LayerKind, Submodule};

/// How another implementation stores a parameter. Ours are PyTorch's orders: `[O, I, H, W]` for convolutions, `[O, I]` for
/// the classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Layout {
    /// As we do.
    #[default]
    Same,
    /// `[H, W, I, O]`: TensorFlow's dense convolutions.
    Hwio,
    /// `[H, W, C, 1]`: TensorFlow's depthwise convolutions.
    Hwc1,
    /// `[I, O]`: TensorFlow's matrices.
    Io,
}

impl Layout {
    /// TensorFlow's layout of a layer's parameter.
    pub(super) fn of_tensorflow(layer: LayerKind, module: Submodule, param: &str) -> Self {
        match (layer, module, param) {
            (_, Submodule::Norm, _) | (_, _, "bias") => Self::Same,
            (LayerKind::Conv(conv), ..) if conv.kind == ConvKind::Depthwise => Self::Hwc1,
            _ => Self::Hwio,
        }
    }

    /// For each of our dimensions, theirs.
    const fn dims(self) -> Option<&'static [usize]> {
        match self {
            Self::Same => None,
            Self::Hwio => Some(&[3, 2, 0, 1]),
            Self::Hwc1 => Some(&[2, 3, 0, 1]),
            Self::Io => Some(&[1, 0]),
        }
    }

    /// Their shape of a parameter that has this shape with us.
    pub fn theirs(self, ours: &[usize]) -> Vec<usize> {
        let Some(dims) = self.dims() else { return ours.to_vec() };
        let mut theirs = vec![0; dims.len()];
        dims.iter().zip(ours).for_each(|(dim, extent)| theirs[*dim] = *extent);
        theirs
    }

    /// Our shape of a parameter that has this shape with them; theirs where it has another number of dimensions.
    pub(crate) fn ours(self, theirs: &[usize]) -> Vec<usize> {
        match self.dims() {
            Some(dims) if dims.len() == theirs.len() => dims.iter().map(|dim| theirs[*dim]).collect(),
            _ => theirs.to_vec(),
        }
    }

    /// A parameter as they store it, as we do.
    ///
    /// # Errors
    /// When it has another number of dimensions.
    pub fn to_ours(self, theirs: &Tensor) -> Result<Tensor> {
        let Some(dims) = self.dims() else { return Ok(theirs.clone()) };
        theirs.permute(dims)?.contiguous()
    }

    /// A parameter of ours, as they store it.
    ///
    /// # Errors
    /// When it has another number of dimensions.
    pub fn to_theirs(self, ours: &Tensor) -> Result<Tensor> {
        let Some(dims) = self.dims() else { return Ok(ours.clone()) };
        let mut back = vec![0; dims.len()];
        dims.iter().enumerate().for_each(|(ours, theirs)| back[*theirs] = ours);
        ours.permute(back)?.contiguous()
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_layout_and_back_is_the_identity() -> Result<()> {
        for (layout, ours, theirs) in [
            (Layout::Same, &[4, 3, 2, 5][..], &[4, 3, 2, 5][..]),
            (Layout::Hwio, &[4, 3, 2, 5], &[2, 5, 3, 4]),
            (Layout::Hwc1, &[4, 1, 3, 5], &[3, 5, 4, 1]),
            (Layout::Io, &[4, 3], &[3, 4]),
        ] {
            let count = ours.iter().product::<usize>() as u32;
            let tensor = Tensor::arange(0, count, &Device::Cpu)?.reshape(ours)?;
            let stored = layout.to_theirs(&tensor)?;
            assert_eq!((stored.dims(), &*layout.theirs(ours)), (theirs, theirs), "{layout:?}");
            let again = layout.to_ours(&stored)?;
            assert_eq!(again.flatten_all()?.to_vec1::<u32>()?, tensor.flatten_all()?.to_vec1::<u32>()?);
        }
        // Element [o, i, h, w] stands at [h, w, i, o].
        let tensor = Tensor::arange(0, 120u32, &Device::Cpu)?.reshape(&[4, 3, 2, 5])?;
        let at = |tensor: &Tensor, [a, b, c, d]: [usize; 4]| tensor.get(a)?.get(b)?.get(c)?.get(d)?.to_scalar::<u32>();
        assert_eq!(at(&tensor, [3, 1, 0, 4])?, at(&Layout::Hwio.to_theirs(&tensor)?, [0, 4, 1, 3])?);
        Ok(())
    }
}
