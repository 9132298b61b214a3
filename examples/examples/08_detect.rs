//! A detector on a pretrained backbone: the network of example 02 stands under a prefix, candle's layers behind two of
//! its feature maps say where on a canvas a digit lies and which it is, and the whole program becomes one file.
//!
//! cargo run -p effnet-examples --example 08_detect -- examples/assets/digits.safetensors

use anyhow::{Context, Result};
use effnet_runtime::candle::{D, Device, IndexOp, Result as CandleResult, Tensor};
use effnet_runtime::candle_nn::{self as nn, Module, Optimizer, VarBuilder};
use effnet_runtime::data::{self, EvalTransform, Source};
use effnet_runtime::weights::{self, Purpose, WeightsFile};
use effnet_runtime::{Params, Pass, Precision, efficientnet_v2};

efficientnet_v2! {
    /// Example 02's network.
    pub struct Digits <
        [1, 3, 1, 1, 16, 16, fused,  0],
        [2, 3, 2, 4, 16, 24, fused,  0],
        [2, 3, 2, 4, 24, 32, mbconv, 0.25],
    > { num_features: 128, dropout: 0.1, drop_path: 0.1, train_size: 32, eval_size: 32 }
}

/// Sides of a canvas, of a digit on it, and of the cells that the detector tells apart, in pixels.
const CANVAS: usize = 64;
const DIGIT: usize = 32;
const CELL: usize = 4;
const CELLS: usize = CANVAS / CELL;
const BATCH: usize = 16;

/// The backbone, a pyramid of its last two maps, and scores of each cell.
struct Detector {
    backbone: Digits,
    fine: nn::Conv2d,
    coarse: nn::Conv2d,
    place: nn::Conv2d,
    class: nn::Conv2d,
}

impl Detector {
    fn new(vb: VarBuilder<'_>) -> CandleResult<Self> {
        let around = nn::Conv2dConfig { padding: 1, ..Default::default() };
        Ok(Self {
            backbone: Digits::new(10, vb.pp("backbone"))?,
            fine: nn::conv2d(24, 32, 1, Default::default(), vb.pp("fine"))?,
            coarse: nn::conv2d(32, 32, 1, Default::default(), vb.pp("coarse"))?,
            place: nn::conv2d(32, 1, 3, around, vb.pp("place"))?,
            class: nn::conv2d(32, 10, 3, around, vb.pp("class"))?,
        })
    }

    /// Scores `[N, 1, cells]` of places, and `[N, 10, cells]` of the digit in each.
    fn forward(&self, images: &Tensor) -> CandleResult<[Tensor; 2]> {
        // The backbone stays as it is: an evaluating pass keeps no gradients of it.
        let maps = self.backbone.features(images, &Pass::Eval(Precision::F32))?;
        let coarse = self.coarse.forward(&maps.stage_3.to_nchw()?)?.upsample_nearest2d(CELLS, CELLS)?;
        let pyramid = (self.fine.forward(&maps.stage_2.to_nchw()?)? + coarse)?.silu()?;
        Ok([self.place.forward(&pyramid)?.flatten_from(2)?, self.class.forward(&pyramid)?.flatten_from(2)?])
    }

    /// For each image, the cell with a digit's centre, and the digit.
    fn detect(&self, images: &Tensor) -> CandleResult<Vec<(u32, u32)>> {
        let [places, classes] = self.forward(images)?;
        let cells: Vec<u32> = places.squeeze(1)?.argmax(D::Minus1)?.to_vec1()?;
        let class = |(image, cell): (usize, u32)| classes.i((image, .., cell as usize))?.argmax(0)?.to_scalar::<u32>();
        cells.into_iter().enumerate().map(|(image, cell)| Ok((cell, class((image, cell))?))).collect()
    }
}

/// Canvases `[BATCH, 3, 64, 64]` with a digit each, the cells of their centres, and the digits.
fn batch(source: &dyn Source, transform: &EvalTransform, number: usize) -> Result<(Tensor, Vec<(u32, u32)>)> {
    let (mut canvases, mut truths) = (Vec::new(), Vec::new());
    for at in number * BATCH..(number + 1) * BATCH {
        let sample = at * 7 % source.len();
        let (y, x, free) = (at * 13 % (CANVAS - DIGIT), at * 29 % (CANVAS - DIGIT), CANVAS - DIGIT);
        // Black is -1 to the network; candle pads with 0.
        let digit = (transform.tensor(&source.image(sample)?)?.squeeze(0)? + 1.0)?;
        let canvas = digit.pad_with_zeros(1, y, free - y)?.pad_with_zeros(2, x, free - x)?;
        canvases.push((canvas - 1.0)?);
        truths.push((((y + DIGIT / 2) / CELL * CELLS + (x + DIGIT / 2) / CELL) as u32, source.label(sample) as u32));
    }
    Ok((Tensor::stack(&canvases, 0)?, truths))
}

fn main() -> Result<()> {
    let file = WeightsFile::open(std::env::args().nth(1).context("say which weights file")?)?;
    let dialect = file.dialect(&Digits::SPEC, None)?;
    let transform = EvalTransform::of(&dialect, DIGIT, 3)?;
    let digits = data::digits()?;

    // One map holds everything; the body's weights are the file's, by its names below the prefix.
    let params = Params::new(7).with_dialect(dialect.clone());
    let detector = Detector::new(params.builder())?;
    weights::load(&file, &detector.backbone, Purpose::Restore)?;
    let new: Vec<_> = params.weights().into_iter().filter(|(name, _)| !name.starts_with("backbone.")).collect();
    println!("{} of {} weights are new: {:?} …", new.len(), params.weights().len(), new[0].0);
    let mut optimizer = nn::AdamW::new_lr(new.into_iter().map(|(_, var)| var).collect(), 1e-2)?;
    for step in 0..40 {
        let (images, truths) = batch(&*digits.train, &transform, step)?;
        let (cells, labels): (Vec<u32>, Vec<u32>) = truths.into_iter().unzip();
        let cells = Tensor::new(cells, &Device::Cpu)?;
        let [places, classes] = detector.forward(&images)?;
        // The right cell among all, and the right digit in it.
        let place = nn::loss::cross_entropy(&places.squeeze(1)?, &cells)?;
        let of_cell = cells.reshape((BATCH, 1, 1))?.broadcast_as((BATCH, 10, 1))?.contiguous()?;
        let scores = classes.gather(&of_cell, 2)?.squeeze(2)?;
        let class = nn::loss::cross_entropy(&scores, &Tensor::new(labels, &Device::Cpu)?)?;
        let loss = (place + class)?;
        optimizer.backward_step(&loss)?;
        if step % 20 == 0 {
            println!("step {step}: loss {:.2}", loss.to_scalar::<f32>()?);
        }
    }

    // The program as one file, and the same program from it.
    let path = std::env::temp_dir().join(format!("effnet-detector-{}.safetensors", std::process::id()));
    params.save(&path)?;
    let params = Params::for_loading(Some(dialect), &Device::Cpu);
    let detector = Detector::new(params.builder())?;
    params.load(&path)?;
    std::fs::remove_file(&path)?;

    let (mut found, mut told, count) = (0, 0, 2 * BATCH);
    for number in 0..count / BATCH {
        let (images, truths) = batch(&*digits.val, &transform, number)?;
        for ((cell, class), (true_cell, label)) in detector.detect(&images)?.into_iter().zip(truths) {
            let [row, column] = [cell / CELLS as u32, cell % CELLS as u32];
            let near = row.abs_diff(true_cell / CELLS as u32) <= 1 && column.abs_diff(true_cell % CELLS as u32) <= 1;
            found += usize::from(near);
            told += usize::from(near && class == label);
        }
    }
    println!("of {count} digits it finds {found}, within a cell of {CELL} pixels, and names {told} of them");
    assert!(found * 10 > count * 8 && told * 10 > count * 7, "it should find most, and name them");
    Ok(())
}
