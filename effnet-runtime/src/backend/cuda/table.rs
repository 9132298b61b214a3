//! A table in device memory of where parameters lie, and launches over all of them.

use candle_core::{Result, Tensor, bail};

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
pub(crate) struct Chunk {
    /// The row.
    pub row: usize,
    /// Which of its chunks.
    number: usize,
}

/// The chunks of all rows, in their order.
pub(crate) fn chunks(rows: &[Row<'_>]) -> Vec<Chunk> {
    let of_row = |(row, of): (usize, &Row<'_>)| (0..of.len().div_ceil(CHUNK)).map(move |number| Chunk { row, number });
    rows.iter().enumerate().flat_map(of_row).collect()
}

/// Launches a kernel over all chunks. `sums`, a buffer of bytes, receives an f64 for each.
///
/// # Errors
/// When a tensor is not contiguous f32 memory on the first one's device, or has not its row's length.
pub(crate) fn launch(kernel: &str, rows: &[Row<'_>], chunks: &[Chunk], sums: Option<&mut Buffer>) -> Result<()> {
    launch_if(kernel, rows, chunks, sums, || Ok(true)).map(|_| ())
}

/// As [`launch`], if `is_wanted` says so, which is asked last: a device that it waits for need not wait for the table
/// then.
///
/// # Errors
/// As [`launch`], or when `is_wanted` fails.
pub(crate) fn launch_if(
    kernel: &str,
    rows: &[Row<'_>],
    chunks: &[Chunk],
    sums: Option<&mut Buffer>,
    is_wanted: impl FnOnce() -> Result<bool>,
) -> Result<bool> {
    let Some(first) = rows.iter().flat_map(Row::tensors).flatten().next() else { return is_wanted() };
    if chunks.is_empty() {
        return is_wanted();
    }
    let device = device(first)?;
    let views = rows.iter().map(|row| views(kernel, row, first)).collect::<Result<Vec<_>>>()?;
    let stream = device.cuda_stream();
    let (mut table, mut guards) = (Vec::new(), Vec::new());
    for (row, views) in rows.iter().zip(&views) {
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
    let entries: Vec<u8> = chunks.iter().flat_map(words).flatten().collect();

    let (rows, entries) = (device.clone_htod(&table)?, device.clone_htod(&entries)?);
    let mut launch = Launch::new(device, ptx::UPDATE, kernel, Element::F32)?;
    if let Some(sums) = sums {
        launch = launch.write(sums.slice_mut()?, Element::U8, chunks.len() * size_of::<f64>())?;
    }
    let launch = launch.read(Slice::U8(rows.slice(..)), Element::U8, table.len())?.read(
        Slice::U8(entries.slice(..)),
        Element::U8,
        chunks.len() * 2 * size_of::<u32>(),
    )?;
    if !is_wanted()? {
        return Ok(false);
    }
    // SAFETY: each entry names a row of the table and a chunk that begins within the row's length, and the kernel stops
    // at that length. All memory of a row has it (`views`), and is locked until the launch stands in the stream; what
    // frees it later does so behind the launch. A kernel reads null only where its rows have memory. Parameters and
    // slots are written though they were locked for reading: on the device all goes in the stream's order, and Rust
    // holds no references to a device's memory.
    unsafe { launch.run(Grid { blocks: (chunks.len(), 1, 1), threads: (THREADS, 1, 1), shared: 0 }) }?;
    Ok(true)
}

/// The memory of a row, locked.
fn views<'a>(kernel: &str, row: &Row<'a>, first: &Tensor) -> Result<[Option<View<'a>>; 4]> {
    let mut views = [const { None }; 4];
    for (place, tensor) in views.iter_mut().zip(row.tensors()) {
        let Some(tensor) = tensor else { continue };
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
