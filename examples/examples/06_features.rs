//! Features for another task: a network trained to tell digits apart finds a picture's most similar ones.
//! The struct of features has a field a stage, and each field's type says how many channels it has.
//!
//! cargo run -p effnet-examples --example 06_features -- examples/assets/digits.safetensors

use std::sync::Arc;

use anyhow::{Context, Result};
use effnet_runtime::candle::{D, Device, Tensor};
use effnet_runtime::data::{self, EvalTransform, Loader, LoaderOptions, Source};
use effnet_runtime::weights::{WeightsFile, read_network};
use effnet_runtime::{FeatureMap, Network, Pass, Precision, efficientnet_v2};

efficientnet_v2! {
    /// Example 02's network.
    pub struct Digits <
        [1, 3, 1, 1, 16, 16, fused,  0],
        [2, 3, 2, 4, 16, 24, fused,  0],
        [2, 3, 2, 4, 24, 32, mbconv, 0.25],
    > { num_features: 128, dropout: 0.1, drop_path: 0.1, train_size: 32, eval_size: 32 }
}

/// A unit vector for each image: the mean of the last stage's map.
fn embed(model: &Digits, images: &Tensor) -> Result<Tensor> {
    let map: FeatureMap<32> = model.features(images, &Pass::Eval(Precision::F32))?.stage_3;
    let means = map.to_nchw()?.mean((2, 3))?;
    Ok(means.broadcast_div(&means.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)?)
}

/// Embeddings and labels of every `step`th image.
fn embed_all(model: &Digits, source: Arc<dyn Source>, step: usize) -> Result<(Tensor, Vec<u32>)> {
    let transform = EvalTransform::of(model.dialect(), model.dialect().test_size, 3)?;
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    let images = (0..source.len()).step_by(step).collect();
    for batch in Loader::new(source, Arc::new(transform), images, &LoaderOptions::new(32))? {
        let batch = batch?;
        rows.push(embed(model, &batch.images)?);
        labels.extend(batch.labels);
    }
    Ok((Tensor::cat(&rows, 0)?, labels))
}

fn main() -> Result<()> {
    let file = WeightsFile::open(std::env::args().nth(1).context("say which weights file")?)?;
    let model = read_network(&file, &Digits::SPEC, None, &Device::Cpu, Digits::new)?;

    let digits = data::digits()?;
    let (gallery, gallery_labels) = embed_all(&model, digits.train, 1)?;
    let (queries, query_labels) = embed_all(&model, digits.val, 3)?;
    let nearest = queries.matmul(&gallery.t()?)?.argmax(D::Minus1)?.to_vec1::<u32>()?;
    let found =
        nearest.iter().zip(&query_labels).filter(|(at, label)| gallery_labels[**at as usize] == **label).count();
    let (known, asked) = (gallery_labels.len(), query_labels.len());
    println!("the most similar of {known} pictures shows the same digit for {found} of {asked} queries");
    assert!(found * 10 > asked * 9, "features of a trained network should do better");
    Ok(())
}
