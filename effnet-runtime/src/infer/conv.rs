//! A dense convolution over maps with borders.

use crate::backend::window::Window;
use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::conv::{ConvWeights, Convolution};
use effnet_kernels::cut::{Area, Cut};
use effnet_kernels::gemm::Packed;
use effnet_kernels::simd::Level;
use effnet_kernels::view::{View, ViewMut};
use effnet_spec::{Activation, plan};

use super::Conventions;
use super::fold::{Folded, Named, Source, fold};
use super::map::{Border, Map};
use super::profile::Kind;
use super::run::Run;

/// Output pixels of a direct convolution's task: few enough for many tasks, many enough to use the weights again.
const TASK_PIXELS: usize = 384;

/// A k×k convolution with bias and activation.
#[derive(Debug)]
pub(super) struct Conv {
    pub weights: ConvWeights,
    pub window: Window,
    activation: Option<Activation>,
}

/// A 1×1 convolution and its bias, as a product with a matrix.
pub(super) fn product(
    source: &dyn Source,
    layer: Named<'_, plan::Conv>,
    precision: Precision,
    with: &Conventions,
) -> Result<Packed> {
    let Folded { weight, bias } = fold(source, layer, with.eps)?;
    Ok(Packed::in_precision(with.level, precision, &weight, bias.len(), &bias))
}

/// A map to read.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub data: &'a [f32],
    pub map: Map,
    /// The same in bf16, if its reader reads bf16.
    pub narrow: &'a [f32],
}

impl<'a> Input<'a> {
    /// The map in a number format, as floats.
    pub(super) fn of(&self, precision: Precision) -> (&'a [f32], Map) {
        match precision {
            Precision::F32 => (self.data, self.map),
            Precision::Bf16 => (self.narrow, Map { channels: self.map.channels / 2, ..self.map }),
        }
    }
}

impl Conv {
    pub(super) fn new(
        source: &dyn Source,
        (name, conv): Named<'_, plan::Conv>,
        precision: Precision,
        with: &Conventions,
    ) -> Result<Self> {
        let plan::Conv { in_channels, kernel, stride, activation, .. } = *conv;
        let Folded { weight, bias } = fold(source, (name, conv), with.eps)?;
        let weights = ConvWeights::new(with.level, precision, &weight, in_channels, (kernel, stride), &bias);
        Ok(Self { weights, window: Window { kernel, stride, padding: with.padding }, activation })
    }

    pub(super) fn kind(&self) -> Kind {
        if self.is_winograd() { Kind::Winograd } else { Kind::Conv }
    }

    fn is_winograd(&self) -> bool {
        matches!(self.weights, ConvWeights::Winograd(_))
    }

    /// Zeros that it wants around a map of this size.
    pub(super) fn border(&self, size: (usize, usize)) -> Border {
        let mut border = Border::of_window(self.window, size);
        if self.is_winograd() {
            // Whole tiles, and the pixel that the last window reaches over.
            let reach = self.weights.reach(size);
            (border.bottom, border.right) = (reach.0 - size.0 + 1, reach.1 - size.1 + 1);
        }
        border
    }

    /// How the output is cut into tasks.
    pub(super) fn cut(&self, output: (usize, usize)) -> Cut {
        self.weights.cut(output, TASK_PIXELS)
    }

    /// Computes an area of the output, whose first pixel is written to the start of `out`.
    ///
    /// # Safety
    /// While it runs, nobody else may access the pixels written, nor write `x` and the residual.
    pub(super) unsafe fn area(
        &self,
        level: Level,
        x: Input<'_>,
        area: Area,
        out: ViewMut<'_>,
        residual: Option<View<'_>>,
        scratch: &mut [f32],
    ) {
        let (data, map) = x.of(self.weights.reads());
        let Window { kernel, stride, .. } = self.window;
        let windows = map.windows(area.image, area.y * stride, area.x * stride, stride);
        let convolution = Convolution {
            weights: &self.weights,
            size: (area.height, area.width),
            x: View::new(data, windows),
            window: (kernel, map.line()),
            out,
            residual,
            activation: self.activation,
        };
        // SAFETY: the caller keeps others from the pixels written, `x` and the residual.
        unsafe { convolution.run(level, scratch) }
    }

    /// Computes the whole output, `residual` added where there is one.
    pub(super) fn run(&self, run: &Run<'_>, x: Input<'_>, out: &mut [f32], map: Map, residual: Option<Input<'_>>) {
        let out = Shared::new(out);
        let cut = self.cut(map.size);
        let macs = self.weights.macs() * run.batch * map.size.0 * map.size.1;
        run.for_each(self.kind(), macs, cut.tasks(run.batch), |task, scratch| {
            let area = cut.area(task);
            let residual = residual.map(|input| View::new(input.data, input.map.pixels(area.image, area.y, area.x)));
            let target = ViewMut::new(out, map.pixels(area.image, area.y, area.x));
            // SAFETY: areas are disjoint, and `x` and the residual are other slices.
            unsafe { self.area(run.level, x, area, target, residual, scratch) }
        });
    }
}
