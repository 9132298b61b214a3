//! How a map's pixels are cut into tasks: by shape alone, whatever the number of threads.

/// A map's pixels, cut into rectangles; those at the right and bottom may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Height and width of the map.
    pub size: (usize, usize),
    /// Height of a rectangle.
    pub height: usize,
    /// Width of a rectangle.
    pub width: usize,
}

/// Pixels of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Image of the batch.
    pub image: usize,
    /// First line.
    pub y: usize,
    /// First column.
    pub x: usize,
    /// Lines.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Cut {
    /// Whole lines, of about `pixels` in a task.
    pub fn lines(size: (usize, usize), pixels: usize) -> Self {
        Self { size, height: (pixels / size.1.max(1)).clamp(1, size.0.max(1)), width: size.1 }
    }

    fn across(&self) -> usize {
        self.size.1.div_ceil(self.width)
    }

    fn of_image(&self) -> usize {
        self.size.0.div_ceil(self.height) * self.across()
    }

    /// Tasks of a batch.
    pub fn tasks(&self, batch: usize) -> usize {
        batch * self.of_image()
    }

    /// Pixels of task `task`, tasks of an image following one another from its top left.
    pub fn area(&self, task: usize) -> Area {
        let (image, at) = (task / self.of_image(), task % self.of_image());
        let (y, x) = (at / self.across() * self.height, at % self.across() * self.width);
        Area { image, y, x, height: self.height.min(self.size.0 - y), width: self.width.min(self.size.1 - x) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_cover_every_pixel_once() {
        for (size, height, width) in [((7, 5), 2, 3), ((4, 4), 4, 4), ((1, 9), 3, 4), ((9, 1), 2, 1)] {
            let cut = Cut { size, height, width };
            let mut seen = vec![0; 2 * size.0 * size.1];
            for task in 0..cut.tasks(2) {
                let area = cut.area(task);
                for y in area.y..area.y + area.height {
                    for x in area.x..area.x + area.width {
                        seen[(area.image * size.0 + y) * size.1 + x] += 1;
                    }
                }
            }
            assert!(seen.iter().all(|count| *count == 1), "{cut:?}");
        }
    }
}
