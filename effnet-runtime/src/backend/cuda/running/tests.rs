use candle_core::{DType, Device, Result, Tensor, Var};

use crate::backend::cuda::near::{assert_near, cuda, download, normal, upload};
use crate::ops::running::{Running, follow};

#[test]
fn running_statistics_are_those_of_the_cpu_on_small_shapes() -> Result<()> {
    let lengths = [1, 5, 4100];
    let moved = |device: &Device| -> Result<Vec<Vec<f32>>> {
        let of =
            |sample: u64, length: usize| upload(&normal(sample, length, DType::F32), &[length], DType::F32, device);
        let pairs = lengths.iter().zip(1..).map(|(&length, sample)| {
            // The batch's are a row of two, as the normalisation leaves them.
            let batch = of(10 + sample, 2 * length)?.reshape((2, length))?.get(1)?;
            Ok(Running { running: Var::from_tensor(&of(sample, length)?)?, batch, momentum: 0.1 * sample as f64 })
        });
        let pairs = pairs.collect::<Result<Vec<_>>>()?;
        follow(&pairs)?;
        pairs.iter().map(|pair| download(&pair.running)).collect()
    };
    for (found, expected) in moved(&cuda())?.iter().zip(&moved(&Device::Cpu)?) {
        let found = Tensor::from_slice(found, found.len(), &Device::Cpu)?;
        assert_near("running statistics", &found, expected, 1.0)?;
    }
    let (running, batch) = (Var::zeros(3, DType::F32, &cuda())?, Tensor::zeros(2, DType::F32, &cuda())?);
    assert!(follow(&[Running { running, batch, momentum: 0.1 }]).is_err());
    Ok(())
}
