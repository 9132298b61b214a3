//! Launches with checked arguments.

use std::sync::Arc;

use candle_core::Result;
use candle_core::cuda_backend::cudarc::driver::{CudaFunction, CudaStream, LaunchArgs, LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::{CudaDevice, WrapErr};

use super::modules::Module;
use super::view::{Element, Slice, SliceMut, View};

/// Blocks, threads of a block, and bytes of shared memory of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub blocks: (usize, usize, usize),
    pub threads: (usize, usize, usize),
    pub shared: usize,
}

/// Threads of a block, unless a kernel needs another number: `THREADS` of common.cuh.
pub(crate) const THREADS: usize = 256;

/// Threads that run in step: `WARP` of common.cuh.
pub(crate) const WARP: usize = 32;

impl Grid {
    /// A thread for each of `count` elements.
    pub(crate) fn each(count: usize) -> Self {
        Self { blocks: (count.div_ceil(THREADS), 1, 1), threads: (THREADS, 1, 1), shared: 0 }
    }

    fn config(self, kernel: &str) -> Result<LaunchConfig> {
        let number = |number: usize, least: u32| match u32::try_from(number) {
            Ok(number) if number >= least => Ok(number),
            _ => candle_core::bail!("kernel `{kernel}` cannot be launched over {self:?}"),
        };
        let three = |(x, y, z)| -> Result<(u32, u32, u32)> { Ok((number(x, 1)?, number(y, 1)?, number(z, 1)?)) };
        let shared_mem_bytes = number(self.shared, 0)?;
        Ok(LaunchConfig { grid_dim: three(self.blocks)?, block_dim: three(self.threads)?, shared_mem_bytes })
    }
}

enum Argument<'a> {
    Read(Slice<'a>),
    Write(SliceMut<'a>),
    Int(i32),
    Long(i64),
    Float(f32),
}

/// A kernel and its arguments, in the order in which it takes them.
pub(crate) struct Launch<'a> {
    function: CudaFunction,
    stream: Arc<CudaStream>,
    kernel: String,
    arguments: Vec<Argument<'a>>,
}

impl<'a> Launch<'a> {
    /// The kernel `<name>_<element>` of a module, without arguments yet.
    ///
    /// # Errors
    /// When the driver cannot load the module, or the module has no such kernel.
    pub(crate) fn new(device: &CudaDevice, module: Module, name: &str, element: Element) -> Result<Self> {
        let kernel = format!("{name}_{}", element.name());
        let function = device.get_or_load_custom_func(&kernel, module.name, module.ptx)?.into_cuda_function();
        Ok(Self { function, stream: device.cuda_stream(), kernel, arguments: Vec::new() })
    }

    fn push(mut self, argument: Argument<'a>) -> Self {
        self.arguments.push(argument);
        self
    }

    fn check(&self, (element, held): (Element, usize), wanted: Element, length: usize) -> Result<()> {
        let at = self.arguments.len();
        if element != wanted {
            candle_core::bail!("argument {at} of kernel `{}` is {element:?} and must be {wanted:?}", self.kernel)
        }
        if held < length {
            candle_core::bail!("argument {at} of kernel `{}` has {held} elements and must have {length}", self.kernel)
        }
        Ok(())
    }

    /// The next argument is memory of which the kernel reads the first `length` elements.
    ///
    /// # Errors
    /// When it holds other elements, or fewer.
    pub(crate) fn read(self, slice: Slice<'a>, element: Element, length: usize) -> Result<Self> {
        self.check(slice.extent(), element, length)?;
        Ok(self.push(Argument::Read(slice)))
    }

    /// As [`Launch::read`]; without memory the kernel gets a null pointer.
    ///
    /// # Errors
    /// When it holds other elements, or fewer.
    pub(crate) fn read_or_null(self, view: Option<&'a View<'_>>, element: Element, length: usize) -> Result<Self> {
        match view {
            Some(view) => self.read(view.slice()?, element, length),
            // A pointer is as long as a `long long`.
            None => Ok(self.long(0)),
        }
    }

    /// The next argument is memory of which the kernel writes the first `length` elements.
    ///
    /// # Errors
    /// When it holds other elements, or fewer.
    pub(crate) fn write(self, slice: SliceMut<'a>, element: Element, length: usize) -> Result<Self> {
        self.check(slice.extent(), element, length)?;
        Ok(self.push(Argument::Write(slice)))
    }

    /// The next argument is an `int`.
    ///
    /// # Errors
    /// When the value is too large for one.
    pub(crate) fn int(self, value: usize) -> Result<Self> {
        let Ok(value) = i32::try_from(value) else {
            candle_core::bail!("{value} is too large for kernel `{}`", self.kernel)
        };
        Ok(self.push(Argument::Int(value)))
    }

    /// The next arguments are an `int` each.
    ///
    /// # Errors
    /// When a value is too large for one.
    pub(crate) fn ints(self, values: impl IntoIterator<Item = usize>) -> Result<Self> {
        values.into_iter().try_fold(self, Self::int)
    }

    /// The next argument is a `long long`.
    pub(crate) fn long(self, value: usize) -> Self {
        self.push(Argument::Long(value as i64))
    }

    /// The next argument is a `float`.
    pub(crate) fn float(self, value: f32) -> Self {
        self.push(Argument::Float(value))
    }

    /// Launches the kernel.
    ///
    /// # Safety
    /// The arguments must be those that the kernel takes, and it must stay within the lengths that they were given
    /// with.
    ///
    /// # Errors
    /// When the driver refuses.
    pub(crate) unsafe fn run(mut self, grid: Grid) -> Result<()> {
        let config = grid.config(&self.kernel)?;
        let mut arguments: LaunchArgs<'_> = self.stream.launch_builder(&self.function);
        for argument in &mut self.arguments {
            match argument {
                Argument::Read(Slice::F32(slice)) => arguments.arg(&*slice),
                Argument::Read(Slice::Bf16(slice)) => arguments.arg(&*slice),
                Argument::Read(Slice::U8(slice)) => arguments.arg(&*slice),
                Argument::Write(SliceMut::F32(slice)) => arguments.arg(slice),
                Argument::Write(SliceMut::Bf16(slice)) => arguments.arg(slice),
                Argument::Write(SliceMut::U8(slice)) => arguments.arg(slice),
                Argument::Int(value) => arguments.arg(&*value),
                Argument::Long(value) => arguments.arg(&*value),
                Argument::Float(value) => arguments.arg(&*value),
            };
        }
        // SAFETY: the caller answers for the arguments and for the kernel staying within their lengths.
        unsafe { arguments.launch(config) }.w()?;
        Ok(())
    }
}
