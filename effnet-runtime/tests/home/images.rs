use effnet_runtime::candle::{DType, Device, Module, ModuleT, Tensor};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::{Network, Params, Pass, Precision};

use crate::{Small, images, sentence};

/// `run`, `features`, `stage_maps`, `forward_t`, `eval()` and the engine say the same.
#[test]
fn wrong_images_get_one_sentence_everywhere() {
    let model = Small::new(10, Params::new(0).builder()).unwrap();
    let engine = Engine::new(&model, &Options::default()).unwrap();
    let pass = Pass::Eval(Precision::F32);
    for (shape, dtype, these) in [
        (&[1, 64, 64, 3][..], DType::F32, "`[1, 64, 64, 3]`: permute them by (0, 3, 1, 2)"),
        (&[3, 64, 64], DType::F32, "`[3, 64, 64]`: unsqueeze a single image in front"),
        (&[1, 1, 64, 64], DType::F32, "`[1, 1, 64, 64]`"),
        (&[1, 3, 64, 64], DType::U8, "`[1, 3, 64, 64]` of u8: convert them"),
        (&[1, 3, 64, 64], DType::F64, "`[1, 3, 64, 64]` of f64: convert them"),
        (&[1, 3, 0, 64], DType::F32, "`[1, 3, 0, 64]`, which have no pixels"),
    ] {
        let images = Tensor::zeros(shape, dtype, &Device::Cpu).unwrap();
        let said = [
            sentence(model.run(&images, &pass)),
            sentence(model.features(&images, &pass)),
            sentence(model.stage_maps(&images, &pass)),
            sentence(model.forward_t(&images, false)),
            sentence(model.forward_t(&images, true)),
            sentence(model.eval().forward(&images)),
            sentence(engine.forward(&images)),
        ];
        let starts = format!("images are `[N, 3, H, W]` of f32; these are {these}");
        assert!(said.iter().all(|said| said.starts_with(&starts)), "{said:?}");
    }
    // The smallest images that there are.
    let one = Tensor::ones((1, 3, 1, 1), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(model.eval().forward(&one).unwrap().dims(), [1, 10]);
    assert_eq!(engine.forward(&one).unwrap().dims(), [1, 10]);
}

#[test]
fn a_library_gives_no_advice_for_a_command_line() {
    let model = Small::new(10, Params::new(0).builder()).unwrap();
    let said = sentence(model.run(&images(1), &Pass::Eval(Precision::Bf16)));
    assert!(said.contains("on CUDA devices only") && !said.contains("--"), "{said}");
}
