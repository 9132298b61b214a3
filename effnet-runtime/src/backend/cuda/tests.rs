use candle_core::{DType, Device, Result, Storage, Tensor};

use super::near::{assert_near, cuda, download, normal, upload};
use super::{Buffer, Element, Factor, Gemm, Grid, Launch, device, ptx, view};
use crate::backend::take::take;

/// Rows by columns of a factor, or, transposed, columns by rows.
fn factor<'a>(tensor: &'a super::View<'_>, is_transposed: bool) -> Result<Factor<'a>> {
    Ok(if is_transposed { Factor::transposed(tensor.slice()?) } else { Factor::plain(tensor.slice()?) })
}

#[test]
fn products_equal_the_cpus() -> Result<()> {
    let gpu = cuda();
    let (rows, depth, columns) = (5, 7, 3);
    for (of_factors, of_out) in [(DType::F32, DType::F32), (DType::BF16, DType::F32), (DType::BF16, DType::BF16)] {
        for (a_is_transposed, b_is_transposed) in [(false, false), (false, true), (true, false), (true, true)] {
            let (a, b) = (normal(1, rows * depth, of_factors), normal(2, depth * columns, of_factors));
            let on_cpu = |values: &[f32], rows, columns, is_transposed| {
                let shape = if is_transposed { (columns, rows) } else { (rows, columns) };
                let matrix = Tensor::from_slice(values, shape, &Device::Cpu)?;
                if is_transposed { matrix.t()?.contiguous() } else { Ok(matrix) }
            };
            let expected = on_cpu(&a, rows, depth, a_is_transposed)?;
            let expected = download(&expected.matmul(&on_cpu(&b, depth, columns, b_is_transposed)?)?)?;
            let a = upload(&a, &[rows, depth], of_factors, &gpu)?;
            let b = upload(&b, &[depth, columns], of_factors, &gpu)?;
            let cuda = device(&a)?;
            let (a, b) = (view(&a)?, view(&b)?);
            let mut out = Buffer::new(cuda, Element::of(of_out)?, rows * columns)?;
            for accumulate in [false, true] {
                Gemm { rows, depth, columns, accumulate }.run(
                    cuda,
                    factor(&a, a_is_transposed)?,
                    factor(&b, b_is_transposed)?,
                    out.slice_mut()?,
                )?;
            }
            // The second product was added to the first.
            let expected: Vec<f32> = expected.iter().map(|value| 2.0 * value).collect();
            let what = format!("{of_factors:?} {of_out:?} {a_is_transposed} {b_is_transposed}");
            assert_near(&what, &out.into_tensor((rows, columns))?, &expected, 1.0)?;
        }
    }
    Ok(())
}

#[test]
fn products_that_do_not_fit_are_refused() -> Result<()> {
    let x = upload(&normal(1, 12, DType::F32), &[12], DType::F32, &cuda())?;
    let x = view(&x)?;
    let gemm = Gemm { rows: 3, depth: 4, columns: 2, accumulate: false };
    let mut out = Buffer::new(x.device()?, Element::F32, 6)?;
    let error = gemm.run(x.device()?, factor(&x, false)?, factor(&x, false)?, out.slice_mut()?).unwrap_err();
    assert!(error.to_string().contains("[12, 12, 6] elements"), "{error}");
    Ok(())
}

#[test]
fn launches_check_what_they_are_given() -> Result<()> {
    let x = upload(&normal(1, 6, DType::F32), &[6], DType::F32, &cuda())?;
    let x = view(&x)?;
    let device = x.device()?;
    let launch = || Launch::new(device, ptx::DEPTHWISE, "depthwise_pack", Element::F32);
    let says = |result: Result<Launch<'_>>| result.map(|_| ()).unwrap_err().to_string();
    assert!(says(launch()?.read(x.slice()?, Element::F32, 7)).contains("has 6 elements and must have 7"));
    assert!(says(launch()?.read(x.slice()?, Element::Bf16, 6)).contains("is F32 and must be Bf16"));
    assert!(says(launch()?.int(1 << 31)).contains("too large"));
    assert!(says(Launch::new(device, ptx::DEPTHWISE, "no_such_kernel", Element::F32)).contains("NOT_FOUND"));
    // SAFETY: a grid without blocks is refused before anything runs.
    let refused = unsafe { launch()?.run(Grid { blocks: (0, 1, 1), threads: (1, 1, 1), shared: 0 }) };
    assert!(refused.unwrap_err().to_string().contains("cannot be launched"));
    assert!(Buffer::new(device, Element::F32, 6)?.part_mut(3..7).is_err());
    Ok(())
}

#[test]
fn a_part_of_a_tensor_is_taken_as_a_copy() -> Result<()> {
    let whole = upload(&[1.0, 2.0, 3.0, 4.0], &[4], DType::F32, &cuda())?;
    let Storage::Cuda(storage) = take(whole.narrow(0, 1, 2)?)? else { candle_core::bail!("it is elsewhere") };
    assert_eq!(storage.as_cuda_slice::<f32>()?.len(), 2);
    assert_eq!(download(&whole)?, [1.0, 2.0, 3.0, 4.0]);
    assert!(Buffer::taken(Tensor::zeros(1, DType::F32, &Device::Cpu)?).is_err());
    Ok(())
}
