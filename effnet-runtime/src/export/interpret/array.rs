//! Values of a graph: numbers of whatever type, as f32, which all of them fit into.

use candle_core::{DType, Result, Tensor};

/// Numbers in the order of their dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::export) struct Array {
    pub(in crate::export) shape: Vec<usize>,
    pub(in crate::export) data: Vec<f32>,
}

impl Array {
    pub(in crate::export) fn new(shape: Vec<usize>, data: Vec<f32>) -> Self {
        Self { shape, data }
    }

    /// A tensor's numbers.
    pub(in crate::export) fn of(tensor: &Tensor) -> Result<Self> {
        Ok(Self::new(tensor.dims().to_vec(), tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?))
    }

    /// Batch, channels, height and width of a map.
    pub(super) fn map_shape(&self) -> Option<[usize; 4]> {
        self.shape.as_slice().try_into().ok()
    }

    /// A number that stands alone.
    pub(super) fn number(&self) -> Option<f32> {
        match self.data[..] {
            [number] => Some(number),
            _ => None,
        }
    }

    /// A function of each number.
    pub(super) fn map(&self, function: impl Fn(f32) -> f32) -> Self {
        Self { shape: self.shape.clone(), data: self.data.iter().map(|x| function(*x)).collect() }
    }

    /// A function of each pair of numbers, where `other` has the same shape, or one number for all pixels of a channel: of
    /// each image, or of all images.
    pub(super) fn with(&self, other: &Self, function: impl Fn(f32, f32) -> f32) -> Option<Self> {
        let repeats = match (self.map_shape(), other.map_shape()) {
            _ if self.shape == other.shape => 1,
            (Some([batch, channels, height, width]), Some([other_batch, other_channels, 1, 1]))
                if channels == other_channels && (other_batch == 1 || other_batch == batch) =>
            {
                height * width
            }
            _ => return None,
        };
        let others = other.data.iter().flat_map(|value| std::iter::repeat_n(*value, repeats)).cycle();
        let data = self.data.iter().zip(others).map(|(x, y)| function(*x, y)).collect();
        Some(Self { shape: self.shape.clone(), data })
    }

    /// All but the first dimension as one.
    pub(super) fn flattened(&self) -> Option<Self> {
        let (first, rest) = self.shape.split_first()?;
        Some(Self { shape: vec![*first, rest.iter().product()], data: self.data.clone() })
    }

    /// `[N, H, W, C]` as `[N, C, H, W]`.
    pub(super) fn channels_first(&self) -> Option<Self> {
        let [batch, height, width, channels] = self.map_shape()?;
        let area = height * width;
        let element = |at: usize| {
            let (image, at) = (at / (channels * area), at % (channels * area));
            self.data[(image * area + at % area) * channels + at / area]
        };
        Some(Self { shape: vec![batch, channels, height, width], data: (0..self.data.len()).map(element).collect() })
    }
}
