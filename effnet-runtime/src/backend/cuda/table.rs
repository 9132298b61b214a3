//! A table in device memory of where parameters lie, and launches over all of them.

use candle_core::{Result, Tensor, bail};

#[cfg(feature = "train")]
use crate::backend::update::DeviceRule;

use super::{Buffer, Element, Grid, Launch, Slice, THREADS, View, device, ptx, view};

/// Elements of a block's chunk, as in `update/op.cu`.
const CHUNK: usize = 4096;

/// A parameter and what stands beside it, `Parameter` there; all of one length.
pub(crate) struct Row<'a> {
    pub value: Option<&'a Tensor>,
    pub gradient: Option<&'a Tensor>,
    pub slots: [Option<&'a Tensor>; 2],
    pub factors: [f32; 8],
}

impl<'a> Row<'a> {
    fn tensors(&self) -> [Option<&'a Tensor>; 4] {
        let [first, second] = self.slots;
        [self.value, self.gradient, first, second]
    }

    fn len(&self) -> usize {
        self.tensors().into_iter().flatten().next().map_or(0, Tensor::elem_count)
    }
}

/// The elements that a block works on, `Chunk` there.
struct Chunk {
    row: usize,
    /// The chunk's number in its row.
    number: usize,
}

/// The kernels of `update/op.cu`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kernel {
    /// The first slot takes in a share of the value.
    Average,
    /// The value and the first slot change places.
    #[cfg(feature = "train")]
    Swap,
    /// A step of an optimizer.
    #[cfg(feature = "train")]
    Step(DeviceRule),
}

/// The kernel that sums the squares of gradients.
#[cfg(feature = "train")]
const SQUARES: (&str, [bool; 4]) = ("update_squares", [false, true, false, false]);

impl Kernel {
    /// Its name, and whether it takes the value, the gradient, the first and the second slot of a row.
    fn signature(self) -> (&'static str, [bool; 4]) {
        match self {
            Self::Average => ("update_average", [true, false, true, false]),
            #[cfg(feature = "train")]
            Self::Swap => ("update_swap", [true, false, true, false]),
            #[cfg(feature = "train")]
            Self::Step(DeviceRule::Sgd) => ("update_sgd", [true, true, true, false]),
            #[cfg(feature = "train")]
            Self::Step(DeviceRule::AdamW) => ("update_adamw", [true; 4]),
            #[cfg(feature = "train")]
            Self::Step(DeviceRule::RmsProp) => ("update_rmsprop", [true; 4]),
        }
    }

    /// How many slots of a row it takes.
    #[cfg(feature = "train")]
    pub(crate) fn slots(self) -> usize {
        let [_, _, slots @ ..] = self.signature().1;
        slots.into_iter().filter(|is_taken| *is_taken).count()
    }
}

/// Parameters, each with what stands beside it, and their chunks.
pub(crate) struct Table<'a> {
    rows: Vec<Row<'a>>,
    chunks: Vec<Chunk>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(rows: Vec<Row<'a>>) -> Self {
        let of_row =
            |(row, of): (usize, &Row<'_>)| (0..of.len().div_ceil(CHUNK)).map(move |number| Chunk { row, number });
        let chunks = rows.iter().enumerate().flat_map(of_row).collect();
        Self { rows, chunks }
    }

    /// Launches a kernel over all chunks.
    ///
    /// # Errors
    /// When a row lacks what the kernel takes, or a tensor is not contiguous f32 memory on the first one's device, or
    /// has not its row's length.
    pub(crate) fn launch(&self, kernel: Kernel) -> Result<()> {
        self.run(kernel.signature(), None, || Ok(true)).map(|_| ())
    }

    /// As [`Table::launch`], if `is_wanted` says so, which is asked last: a device that it waits for need not wait for
    /// the table then.
    ///
    /// # Errors
    /// As [`Table::launch`], or when `is_wanted` fails.
    #[cfg(feature = "train")]
    pub(crate) fn launch_if(&self, kernel: Kernel, is_wanted: impl FnOnce() -> Result<bool>) -> Result<bool> {
        self.run(kernel.signature(), None, is_wanted)
    }

    /// The sum of the squares of each row's gradient: the device sums each chunk, and the host the chunks in their
    /// order.
    ///
    /// # Errors
    /// As [`Table::launch`].
    #[cfg(feature = "train")]
    pub(crate) fn squares(&self) -> Result<Vec<f64>> {
        let mut squares = vec![0f64; self.rows.len()];
        let (Some(first), false) = (self.first(), self.chunks.is_empty()) else { return Ok(squares) };
        let bytes = self.chunks.len() * size_of::<f64>();
        let mut sums = Buffer::new(device(first)?, Element::U8, bytes)?;
        self.run(SQUARES, Some(&mut sums), || Ok(true))?;
        let sums: Vec<u8> = sums.into_tensor(bytes)?.to_vec1()?;
        for (chunk, sum) in self.chunks.iter().zip(sums.as_chunks::<8>().0) {
            squares[chunk.row] += f64::from_le_bytes(*sum);
        }
        Ok(squares)
    }

    fn first(&self) -> Option<&'a Tensor> {
        self.rows.iter().flat_map(Row::tensors).flatten().next()
    }

    /// Launches the kernel of this name, which takes these columns and, where it sums, `sums`: an f64 for each chunk.
    fn run(
        &self,
        (kernel, takes): (&str, [bool; 4]),
        sums: Option<&mut Buffer>,
        is_wanted: impl FnOnce() -> Result<bool>,
    ) -> Result<bool> {
        let (Some(first), false) = (self.first(), self.chunks.is_empty()) else { return is_wanted() };
        let device = device(first)?;
        let views = self.rows.iter().map(|row| views((kernel, takes), row, first)).collect::<Result<Vec<_>>>()?;
        let stream = device.cuda_stream();
        let (mut table, mut guards) = (Vec::new(), Vec::new());
        for (row, views) in self.rows.iter().zip(&views) {
            for view in views {
                let mut address = 0u64;
                if let Some(Slice::F32(slice)) = view.as_ref().map(View::slice).transpose()? {
                    let (its, guard) = slice.view_ptr(&stream);
                    address = its;
                    guards.push(guard);
                }
                table.extend(address.to_le_bytes());
            }
            table.extend((row.len() as u64).to_le_bytes());
            table.extend(row.factors.iter().flat_map(|factor| factor.to_le_bytes()));
        }
        let words = |chunk: &Chunk| [chunk.row as u32, chunk.number as u32].map(u32::to_le_bytes);
        let entries: Vec<u8> = self.chunks.iter().flat_map(words).flatten().collect();

        let (rows, entries) = (device.clone_htod(&table)?, device.clone_htod(&entries)?);
        let mut launch = Launch::new(device, ptx::UPDATE, kernel, Element::F32)?;
        if let Some(sums) = sums {
            launch = launch.write(sums.slice_mut()?, Element::U8, self.chunks.len() * size_of::<f64>())?;
        }
        let launch = launch.read(Slice::U8(rows.slice(..)), Element::U8, table.len())?.read(
            Slice::U8(entries.slice(..)),
            Element::U8,
            self.chunks.len() * 2 * size_of::<u32>(),
        )?;
        if !is_wanted()? {
            return Ok(false);
        }
        // SAFETY: each entry names a row of the table and a chunk that begins within the row's length, and the kernel
        // stops at that length. All memory of a row has it (`views`), and is locked until the launch stands in the
        // stream; what frees it later does so behind the launch. No row lacks what the kernel takes (`views`).
        // Parameters and slots are written though they were locked for reading: on the device all goes in the stream's
        // order, and Rust holds no references to a device's memory.
        unsafe { launch.run(Grid { blocks: (self.chunks.len(), 1, 1), threads: (THREADS, 1, 1), shared: 0 }) }?;
        Ok(true)
    }
}

/// The memory of a row, locked.
fn views<'a>((kernel, takes): (&str, [bool; 4]), row: &Row<'a>, first: &Tensor) -> Result<[Option<View<'a>>; 4]> {
    let mut views = [const { None }; 4];
    for ((place, tensor), is_taken) in views.iter_mut().zip(row.tensors()).zip(takes) {
        let Some(tensor) = tensor else {
            if is_taken {
                bail!("kernel `{kernel}` takes more than a row of its table has")
            }
            continue;
        };
        let view = view(tensor)?;
        if !tensor.device().same_device(first.device()) {
            bail!("kernel `{kernel}` was given tensors of different devices")
        }
        if view.element() != Element::F32 || view.len() != row.len() {
            bail!("kernel `{kernel}` was given {tensor:?} where {} f32 elements were to be", row.len())
        }
        *place = Some(view);
    }
    Ok(views)
}
