//! Which taps of a window join which pixels, along one side.

use crate::ops::window::Geometry;

/// For each destination pixel of a side, its taps: (source pixel, tap of the kernel), those outside the source left out.
pub(super) type Side = Vec<Vec<(usize, usize)>>;

/// From outputs to the inputs under their window.
pub(super) fn of_outputs(geometry: &Geometry, input: usize, output: usize, before: usize) -> Side {
    let taps = |at: usize| {
        (0..geometry.kernel)
            .filter_map(|tap| (at * geometry.stride + tap).checked_sub(before).map(|pixel| (pixel, tap)))
            .filter(|(pixel, _)| *pixel < input)
            .collect()
    };
    (0..output).map(taps).collect()
}

/// From inputs to the outputs whose window holds them.
pub(super) fn of_inputs(geometry: &Geometry, input: usize, output: usize, before: usize) -> Side {
    let mut side = vec![Vec::new(); input];
    for (at, taps) in of_outputs(geometry, input, output, before).into_iter().enumerate() {
        for (pixel, tap) in taps {
            side[pixel].push((at, tap));
        }
    }
    side
}
