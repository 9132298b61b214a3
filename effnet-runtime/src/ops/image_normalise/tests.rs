use candle_core::{DType, Device, Tensor};

use super::image_normalise;

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

#[test]
fn bytes_become_what_torchvision_makes_of_them() {
    let images = Tensor::from_vec(vec![0u8, 128, 255, 10, 20, 30], (1, 1, 2, 3), &Device::Cpu).unwrap();
    let out = image_normalise(&images, &MEAN, &STD, DType::F32).unwrap();
    // normalize(to_tensor(picture), mean, std) of torchvision.transforms.functional, to the bit, pixel by pixel.
    let expected = [-2.117_904, 0.205_182_2, 2.64, -1.946_656_5, -1.685_574_2, -1.281_568_6f32];
    assert_eq!(out.flatten_all().unwrap().to_vec1::<f32>().unwrap(), expected);
    assert_eq!(out.dims(), [1, 1, 2, 3]);
}

#[test]
fn any_layout_is_taken() {
    let bytes: Vec<u8> = (0..60).collect();
    let planes = Tensor::from_vec(bytes, (1, 3, 4, 5), &Device::Cpu).unwrap();
    let pixels = planes.permute((0, 2, 3, 1)).unwrap();
    let of_view = image_normalise(&pixels, &MEAN, &STD, DType::F32).unwrap();
    let of_copy = image_normalise(&pixels.contiguous().unwrap(), &MEAN, &STD, DType::F32).unwrap();
    assert_eq!(
        of_view.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
        of_copy.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let images = Tensor::zeros((1, 2, 2, 3), DType::U8, &Device::Cpu).unwrap();
    let says =
        |images: &Tensor, mean: &[f32], dtype| image_normalise(images, mean, &STD, dtype).unwrap_err().to_string();
    assert!(says(&images, &MEAN[..1], DType::F32).contains("3 channels were given 1 means"));
    assert!(says(&images, &MEAN, DType::F64).contains("F64"));
    assert!(says(&images.to_dtype(DType::F32).unwrap(), &MEAN, DType::F32).contains("must be U8"));
}
