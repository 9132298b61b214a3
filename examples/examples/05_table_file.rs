//! A network whose table is known at run time only. Its results are those of a generated type, bit for bit.
//!
//! cargo run -p effnet-examples --example 05_table_file -- examples/assets/small.table

use anyhow::{Context, Result, bail};
use effnet_runtime::candle::{DType, Device, Module, Tensor};
use effnet_runtime::spec::Size;
use effnet_runtime::spec::grammar::parse_table;
use effnet_runtime::{DynamicModel, Params};

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("say which table file")?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let spec = match parse_table("small", &text) {
        Ok(spec) => spec,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| eprintln!("{path}, {mistake}"));
            bail!("{path} is not a stage table")
        }
    };

    let cost = spec.cost(Size::square(64), 10);
    println!("{} blocks, {} parameters, {} MACs at 64 px", spec.num_blocks(), cost.params, cost.macs);

    let model = DynamicModel::from_spec(&spec, 10, Params::new(42).builder())?;
    let images = Tensor::ones((1, 3, 64, 64), DType::F32, &Device::Cpu)?;
    println!("logits: {:?}", model.eval().forward(&images)?.to_vec2::<f32>()?[0]);
    Ok(())
}
