efficientnet_v2! {
    /// Trial 3 of the search in found: 33.33 % after 3 epochs, 2,919 parameters, time 1.43.
    pub struct Trial0003 <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [2, 5, 2, 1, 8, 12, mbconv, 0.25],
        [2, 3, 2, 1, 12, 16, mbconv, 0.25],
    > { num_features: 32 }
}
