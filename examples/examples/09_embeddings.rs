//! Similar pictures by their embeddings, from the engine: what the classifier would read says which pictures are alike.
//! A short list of known pictures is enough to tell what a new one shows, without training on them.
//!
//! cargo run -p effnet-examples --example 09_embeddings -- examples/assets/digits.safetensors examples/assets/seven.png

use std::sync::Arc;

use anyhow::{Context, Result};
use effnet_runtime::candle::{D, Tensor};
use effnet_runtime::data::{self, EvalTransform, Loader, LoaderOptions, decode};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::weights::WeightsFile;

/// Embeddings of length 1, whose product is the cosine of the angle between them.
fn directions(embeddings: &Tensor) -> Result<Tensor> {
    Ok(embeddings.broadcast_div(&embeddings.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)?)
}

fn main() -> Result<()> {
    let usage = "say which weights file and which image";
    let (weights, path) = (std::env::args().nth(1).context(usage)?, std::env::args().nth(2).context(usage)?);

    let file = WeightsFile::open(weights)?;
    let about = file.require_metadata()?;
    let engine = Engine::open(&file, &about.spec, None, &Options::default())?;
    let transform = EvalTransform::of(&about.dialect, about.dialect.test_size, about.spec.settings.in_channels)?;
    let image = transform.tensor(&decode(&std::fs::read(&path)?, &path)?)?;
    let wanted = directions(&engine.embeddings(&image)?)?;

    // Every eighth of the bundled digits is known.
    let known = data::digits()?.train;
    let numbers = (0..known.len()).step_by(8).collect();
    let (mut cosines, mut labels) = (Vec::new(), Vec::new());
    for batch in Loader::new(known.clone(), Arc::new(transform), numbers, &LoaderOptions::new(32))? {
        let batch = batch?;
        let embeddings = directions(&engine.embeddings(&batch.images)?)?;
        cosines.extend(embeddings.matmul(&wanted.t()?)?.flatten_all()?.to_vec1::<f32>()?);
        labels.extend(batch.labels);
    }

    let mut order: Vec<usize> = (0..cosines.len()).collect();
    order.sort_by(|one, other| cosines[*other].total_cmp(&cosines[*one]));
    println!("of {} known pictures, {} numbers each, these are most like {path}:", labels.len(), engine.num_features());
    for at in &order[..5] {
        println!("  a {} at a cosine of {:.3}", known.classes()[labels[*at] as usize], cosines[*at]);
    }
    assert_eq!(known.classes()[labels[order[0]] as usize], "7", "the picture shows a seven");
    Ok(())
}
