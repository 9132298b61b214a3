//! How many operations a second the cores can do at most.

use std::sync::Mutex;
use std::time::Instant;

use super::arch::{Arch, Kernel, Vector, lanes_of};
use super::level::Level;
use crate::Precision;
use crate::threads;

/// Independent sums, which hide the latency of a multiply-add on two units.
const SUMS: usize = 12;

/// Multiply-adds of each sum in one measurement: some milliseconds.
const STEPS: usize = 1 << 20;

/// Measurements, of which the fastest counts: the others were disturbed.
const TRIES: usize = 5;

/// GFLOP/s of multiply-adds on all threads of the current pool at once, with everything in registers. Where the level
/// has no instruction for bf16, its figure is that of f32.
pub fn peak_gflops(level: Level, precision: Precision) -> f64 {
    let pool = threads::current();
    let threads = pool.threads();
    let pairs = precision == Precision::Bf16 && level.has_bf16();
    let of_step = if pairs { 4.0 } else { 2.0 };
    let operations = of_step * (threads * SUMS * STEPS * level.lanes()) as f64;
    let results: Vec<Mutex<f32>> = (0..threads).map(|_| Mutex::new(0.0)).collect();
    let seconds = (0..TRIES).map(|_| {
        let begin = Instant::now();
        pool.for_each(threads, |thread| {
            let mut result = 0.0;
            if pairs {
                level.run_pairs(Sums::<true> { result: &mut result });
            } else {
                level.run(Sums::<false> { result: &mut result });
            }
            // Somebody must want the result, else it is not computed.
            if let Ok(mut kept) = results[thread].lock() {
                *kept += result;
            }
        });
        begin.elapsed().as_secs_f64()
    });
    operations / seconds.fold(f64::INFINITY, f64::min) / 1e9
}

struct Sums<'a, const PAIRS: bool> {
    result: &'a mut f32,
}

impl<const PAIRS: bool> Kernel for Sums<'_, PAIRS> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let factor = arch.splat(std::hint::black_box(0.999));
        let mut sums = [arch.splat(std::hint::black_box(1.0)); SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = if PAIRS { arch.dot_pairs(factor, factor, *sum) } else { sum.mul_add(factor, factor) };
            }
        }
        let mut total = sums[0];
        for sum in &sums[1..] {
            total = total.add(*sum);
        }
        *self.result = lanes_of(&mut [total])[0];
    }
}
