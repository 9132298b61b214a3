//! The stem: from images `[N, C, H, W]` to the first map.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::cut::Area;
use effnet_kernels::view::ViewMut;
use effnet_spec::plan;

use super::Conventions;
use super::conv::{Conv, Input};
use super::fold::{Named, Source};
use super::map::Map;
use super::profile::Kind;
use super::run::Run;

/// Output lines of a task.
const TASK_LINES: usize = 8;

#[derive(Debug)]
pub(super) struct Stem {
    conv: Conv,
    in_channels: usize,
}

impl Stem {
    pub(super) fn new(source: &dyn Source, layer: Named<'_, plan::Conv>, with: &Conventions) -> Result<Self> {
        Ok(Self { conv: Conv::new(source, layer, Precision::F32, with)?, in_channels: layer.1.in_channels })
    }

    pub(super) fn output(&self, size: (usize, usize)) -> (usize, usize) {
        self.conv.window.output(size)
    }

    pub(super) fn out_channels(&self) -> usize {
        self.conv.weights.out_channels()
    }

    /// The image with its border, channels innermost.
    fn image(&self, size: (usize, usize)) -> Map {
        Map { size, channels: self.in_channels, border: self.conv.border(size) }
    }

    /// Lines of the bordered image that a task's windows reach over.
    fn lines(&self) -> usize {
        (TASK_LINES - 1) * self.conv.window.stride + self.conv.window.kernel
    }

    pub(super) fn scratch(&self, size: (usize, usize)) -> usize {
        self.lines() * self.image(size).line()
    }

    /// Each task brings the lines that its windows reach over into the order of a map, and convolves them.
    pub(super) fn run(&self, run: &Run<'_>, images: &[f32], size: (usize, usize), out: &mut [f32], map: Map) {
        let image_map = self.image(size);
        // A band as a map: its lines are the image's, border included.
        let band_map = Map { size: (self.lines(), size.1), ..image_map };
        let (height, width, channels) = (size.0, size.1, self.in_channels);
        let stride = self.conv.window.stride;
        let bands = map.size.0.div_ceil(TASK_LINES);
        let out = Shared::new(out);
        let macs = self.conv.weights.macs() * run.batch * map.size.0 * map.size.1;
        run.for_each(Kind::Stem, macs, run.batch * bands, |task, scratch| {
            let (image, y) = (task / bands, task % bands * TASK_LINES);
            let band = &mut scratch[..self.lines() * image_map.line()];
            band.fill(0.0);
            let pixels = &images[image * channels * height * width..][..channels * height * width];
            for (line, to) in band.chunks_exact_mut(image_map.line()).enumerate() {
                let Some(from) = (stride * y + line).checked_sub(image_map.border.top).filter(|line| *line < height)
                else {
                    continue;
                };
                let to = &mut to[image_map.border.left * channels..];
                for channel in 0..channels {
                    let from = &pixels[(channel * height + from) * width..][..width];
                    for (to, from) in to[channel..].iter_mut().step_by(channels).zip(from) {
                        *to = *from;
                    }
                }
            }
            let area = Area { image: 0, y: 0, x: 0, height: TASK_LINES.min(map.size.0 - y), width: map.size.1 };
            let x = Input { data: band, map: band_map, narrow: &[] };
            // SAFETY: bands are disjoint; what it reads is borrowed, and no part of `out`.
            unsafe { self.conv.area(run.level, x, area, ViewMut::new(out, map.pixels(image, y, 0)), None, &mut []) }
        });
    }
}
