use super::op::Kind;

/// AutoAugment's pairs for ImageNet (automl's `policy_v0`): operation, the probability that it is applied, and its
/// level. Two of them have a probability of 0 and are kept: the search found them like that.
pub(super) const PAIRS: [[(Kind, f64, f64); 2]; 25] = [
    [(Kind::Equalize, 0.8, 1.0), (Kind::ShearY, 0.8, 4.0)],
    [(Kind::Color, 0.4, 9.0), (Kind::Equalize, 0.6, 3.0)],
    [(Kind::Color, 0.4, 1.0), (Kind::Rotate, 0.6, 8.0)],
    [(Kind::Solarize, 0.8, 3.0), (Kind::Equalize, 0.4, 7.0)],
    [(Kind::Solarize, 0.4, 2.0), (Kind::Solarize, 0.6, 2.0)],
    [(Kind::Color, 0.2, 0.0), (Kind::Equalize, 0.8, 8.0)],
    [(Kind::Equalize, 0.4, 8.0), (Kind::SolarizeAdd, 0.8, 3.0)],
    [(Kind::ShearX, 0.2, 9.0), (Kind::Rotate, 0.6, 8.0)],
    [(Kind::Color, 0.6, 1.0), (Kind::Equalize, 1.0, 2.0)],
    [(Kind::Invert, 0.4, 9.0), (Kind::Rotate, 0.6, 0.0)],
    [(Kind::Equalize, 1.0, 9.0), (Kind::ShearY, 0.6, 3.0)],
    [(Kind::Color, 0.4, 7.0), (Kind::Equalize, 0.6, 0.0)],
    [(Kind::Posterize, 0.4, 6.0), (Kind::AutoContrast, 0.4, 7.0)],
    [(Kind::Solarize, 0.6, 8.0), (Kind::Color, 0.6, 9.0)],
    [(Kind::Solarize, 0.2, 4.0), (Kind::Rotate, 0.8, 9.0)],
    [(Kind::Rotate, 1.0, 7.0), (Kind::TranslateY, 0.8, 9.0)],
    [(Kind::ShearX, 0.0, 0.0), (Kind::Solarize, 0.8, 4.0)],
    [(Kind::ShearY, 0.8, 0.0), (Kind::Color, 0.6, 4.0)],
    [(Kind::Color, 1.0, 0.0), (Kind::Rotate, 0.6, 2.0)],
    [(Kind::Equalize, 0.8, 4.0), (Kind::Equalize, 0.0, 8.0)],
    [(Kind::Equalize, 1.0, 4.0), (Kind::AutoContrast, 0.6, 2.0)],
    [(Kind::ShearY, 0.4, 7.0), (Kind::SolarizeAdd, 0.6, 7.0)],
    [(Kind::Posterize, 0.8, 2.0), (Kind::Solarize, 0.6, 10.0)],
    [(Kind::Solarize, 0.6, 8.0), (Kind::Equalize, 0.6, 1.0)],
    [(Kind::Color, 0.8, 6.0), (Kind::Rotate, 0.4, 5.0)],
];
