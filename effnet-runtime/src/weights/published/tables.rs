//! The published tables, and the factors of the networks that are made of them.

use effnet_spec::{DepthRounding, Scale, Scaling};

use super::Series;

/// A table as text, whose networks are its scalings.
pub(super) struct Table {
    pub(super) series: Series,
    pub(super) text: &'static str,
    pub(super) scalings: &'static [Scaling],
    /// timm's names of the EfficientNets among its networks, without the `tf_` of converted weights.
    pub(super) names: &'static [&'static str],
}

/// All of them.
pub(super) const TABLES: &[Table] = &[
    one(Series::S, S, &["efficientnetv2_s"]),
    one(Series::M, M, &["efficientnetv2_m"]),
    one(Series::L, L, &["efficientnetv2_l"]),
    one(Series::Xl, XL, &["efficientnetv2_xl"]),
    Table { series: Series::Base, text: BASE, scalings: BASE_SCALINGS, names: BASE_NAMES },
    Table { series: Series::V1, text: V1, scalings: V1_SCALINGS, names: V1_NAMES },
    Table { series: Series::Lite, text: LITE, scalings: LITE_SCALINGS, names: LITE_NAMES },
    one(Series::EdgeTpu, EDGE_TPU_S, &["efficientnet_es"]),
    one(Series::EdgeTpu, EDGE_TPU_M, &["efficientnet_em"]),
    one(Series::EdgeTpu, EDGE_TPU_L, &["efficientnet_el"]),
    Table { series: Series::Rw, text: S, scalings: RW_T_SCALING, names: &["efficientnetv2_rw_t"] },
    one(Series::Rw, RW_S, &["efficientnetv2_rw_s"]),
    one(Series::Rw, RW_M, &["efficientnetv2_rw_m"]),
    Table { series: Series::MobileNetV2, text: MOBILE_NET_V2, scalings: MOBILE_NET_V2_SCALINGS, names: &[] },
    Table { series: Series::Mnas, text: MNAS, scalings: MNAS_SCALINGS, names: &[] },
    Table { series: Series::Mnas, text: SE_MNAS, scalings: MNAS_SCALINGS, names: &[] },
    one(Series::Mnas, SMALL_MNAS, &[]),
    one(Series::FbNetC, FB_NET_C, &[]),
    one(Series::SpNas, SP_NAS, &[]),
    one(Series::MobileNetV3, LARGE_V3, &[]),
    one(Series::MobileNetV3, SMALL_V3, &[]),
    Table { series: Series::TinyNet, text: V1, scalings: TINY_NET_SCALINGS, names: &[] },
];

const BASE_NAMES: &[&str] = &["efficientnetv2_b0", "efficientnetv2_b1", "efficientnetv2_b2", "efficientnetv2_b3"];

const V1_NAMES: &[&str] = &[
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_b8",
    "efficientnet_l2",
];

const LITE_NAMES: &[&str] =
    &["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "efficientnet_lite3", "efficientnet_lite4"];

const UNSCALED: &[Scaling] = &[Scaling::v2(1.0, 1.0)];

/// A table whose network is published unscaled alone.
const fn one(series: Series, text: &'static str, names: &'static [&'static str]) -> Table {
    Table { series, text, scalings: UNSCALED, names }
}

const fn v1(width: f64, depth: f64) -> Scaling {
    Scaling { scale: Scale::V1, ..Scaling::v2(width, depth) }
}

const fn lite(width: f64, depth: f64) -> Scaling {
    Scaling { scale: Scale::Lite, ..Scaling::v2(width, depth) }
}

const fn tiny(width: f64, depth: f64) -> Scaling {
    Scaling { depth_rounding: DepthRounding::Nearest, ..lite(width, depth) }
}

/// B0 to B3: `efficientnetv2_params` of automl's `effnetv2_configs.py`.
const BASE_SCALINGS: &[Scaling] =
    &[Scaling::v2(1.0, 1.0), Scaling::v2(1.0, 1.1), Scaling::v2(1.1, 1.2), Scaling::v2(1.2, 1.4)];

/// B0 to B8, and L2.
const V1_SCALINGS: &[Scaling] = &[
    v1(1.0, 1.0),
    v1(1.0, 1.1),
    v1(1.1, 1.2),
    v1(1.2, 1.4),
    v1(1.4, 1.8),
    v1(1.6, 2.2),
    v1(1.8, 2.6),
    v1(2.0, 3.1),
    v1(2.2, 3.6),
    v1(4.3, 5.3),
];

/// Lite0 to Lite4.
const LITE_SCALINGS: &[Scaling] = &[lite(1.0, 1.0), lite(1.0, 1.1), lite(1.1, 1.2), lite(1.2, 1.4), lite(1.4, 1.8)];

const RW_T_SCALING: &[Scaling] = &[v1(0.8, 0.9)];

/// 035 to 140, 110d and 120d.
const MOBILE_NET_V2_SCALINGS: &[Scaling] =
    &[v1(0.35, 1.0), v1(0.5, 1.0), v1(0.75, 1.0), v1(1.0, 1.0), v1(1.4, 1.0), lite(1.1, 1.2), lite(1.2, 1.4)];

/// 050 to 140.
const MNAS_SCALINGS: &[Scaling] = &[v1(0.5, 1.0), v1(0.75, 1.0), v1(1.0, 1.0), v1(1.4, 1.0)];

/// A to E.
const TINY_NET_SCALINGS: &[Scaling] =
    &[tiny(1.0, 1.2), tiny(0.75, 1.1), tiny(0.54, 0.85), tiny(0.54, 0.695), tiny(0.51, 0.6)];

/// `v2_s_block` of automl's `effnetv2_configs.py`, as the three below.
const S: &str = "<
    [2, 3, 1, 1, 24, 24, fused, 0],
    [4, 3, 2, 4, 24, 48, fused, 0],
    [4, 3, 2, 4, 48, 64, fused, 0],
    [6, 3, 2, 4, 64, 128, mbconv, 0.25],
    [9, 3, 1, 6, 128, 160, mbconv, 0.25],
    [15, 3, 2, 6, 160, 256, mbconv, 0.25],
>";

/// `v2_m_block`.
const M: &str = "<
    [3, 3, 1, 1, 24, 24, fused, 0],
    [5, 3, 2, 4, 24, 48, fused, 0],
    [5, 3, 2, 4, 48, 80, fused, 0],
    [7, 3, 2, 4, 80, 160, mbconv, 0.25],
    [14, 3, 1, 6, 160, 176, mbconv, 0.25],
    [18, 3, 2, 6, 176, 304, mbconv, 0.25],
    [5, 3, 1, 6, 304, 512, mbconv, 0.25],
>";

/// `v2_l_block`.
const L: &str = "<
    [4, 3, 1, 1, 32, 32, fused, 0],
    [7, 3, 2, 4, 32, 64, fused, 0],
    [7, 3, 2, 4, 64, 96, fused, 0],
    [10, 3, 2, 4, 96, 192, mbconv, 0.25],
    [19, 3, 1, 6, 192, 224, mbconv, 0.25],
    [25, 3, 2, 6, 224, 384, mbconv, 0.25],
    [7, 3, 1, 6, 384, 640, mbconv, 0.25],
>";

/// `v2_xl_block`.
const XL: &str = "<
    [4, 3, 1, 1, 32, 32, fused, 0],
    [8, 3, 2, 4, 32, 64, fused, 0],
    [8, 3, 2, 4, 64, 96, fused, 0],
    [16, 3, 2, 4, 96, 192, mbconv, 0.25],
    [24, 3, 1, 6, 192, 256, mbconv, 0.25],
    [32, 3, 2, 6, 256, 512, mbconv, 0.25],
    [8, 3, 1, 6, 512, 640, mbconv, 0.25],
>";

/// `v2_base_block`.
const BASE: &str = "<
    [1, 3, 1, 1, 32, 16, fused, 0],
    [2, 3, 2, 4, 16, 32, fused, 0],
    [2, 3, 2, 4, 32, 48, fused, 0],
    [3, 3, 2, 4, 48, 96, mbconv, 0.25],
    [5, 3, 1, 6, 96, 112, mbconv, 0.25],
    [8, 3, 2, 6, 112, 192, mbconv, 0.25],
>";

/// `efficientnet_b0` of timm's `efficientnet.py`, as all below.
const V1: &str = "<
    [1, 3, 1, 1, 32, 16, mbconv, 0.25],
    [2, 3, 2, 6, 16, 24, mbconv, 0.25],
    [2, 5, 2, 6, 24, 40, mbconv, 0.25],
    [3, 3, 2, 6, 40, 80, mbconv, 0.25],
    [3, 5, 1, 6, 80, 112, mbconv, 0.25],
    [4, 5, 2, 6, 112, 192, mbconv, 0.25],
    [1, 3, 1, 6, 192, 320, mbconv, 0.25],
>";

/// `efficientnet_lite0`.
const LITE: &str = "<
    [1, 3, 1, 1, 32, 16, mbconv, 0],
    [2, 3, 2, 6, 16, 24, mbconv, 0],
    [2, 5, 2, 6, 24, 40, mbconv, 0],
    [3, 3, 2, 6, 40, 80, mbconv, 0],
    [3, 5, 1, 6, 80, 112, mbconv, 0],
    [4, 5, 2, 6, 112, 192, mbconv, 0],
    [1, 3, 1, 6, 192, 320, mbconv, 0],
> { activation: relu6 }";

/// `efficientnet_es`.
const EDGE_TPU_S: &str = "<
    [1, 3, 1, 3, 32, 24, fused, 0],
    [2, 3, 2, 8, 24, 32, fused, 0],
    [4, 3, 2, 8, 32, 48, fused, 0],
    [5, 5, 2, 8, 48, 96, mbconv, 0],
    [4, 5, 1, 8, 96, 144, mbconv, 0],
    [2, 5, 2, 8, 144, 192, mbconv, 0],
> { activation: relu }";

/// `efficientnet_em`.
const EDGE_TPU_M: &str = "<
    [2, 3, 1, _, 32, 24, fused, 0, { expanded: 96, shortcut: false }],
    [3, 3, 2, 8, 24, 32, fused, 0],
    [5, 3, 2, 8, 32, 48, fused, 0],
    [6, 5, 2, 8, 48, 96, mbconv, 0],
    [5, 5, 1, 8, 96, 144, mbconv, 0],
    [3, 5, 2, 8, 144, 192, mbconv, 0],
> { activation: relu }";

/// `efficientnet_el`.
const EDGE_TPU_L: &str = "<
    [2, 3, 1, _, 40, 32, fused, 0, { expanded: 128, shortcut: false }],
    [3, 3, 2, 8, 32, 40, fused, 0],
    [6, 3, 2, 8, 40, 56, fused, 0],
    [7, 5, 2, 8, 56, 112, mbconv, 0],
    [6, 5, 1, 8, 112, 176, mbconv, 0],
    [3, 5, 2, 8, 176, 232, mbconv, 0],
> { activation: relu }";

/// `efficientnetv2_rw_s`.
const RW_S: &str = "<
    [2, 3, 1, 1, 24, 24, fused, 0, { expand_conv: true }],
    [4, 3, 2, 4, 24, 48, fused, 0],
    [4, 3, 2, 4, 48, 64, fused, 0],
    [6, 3, 2, 4, 64, 128, mbconv, 0.25],
    [9, 3, 1, 6, 128, 160, mbconv, 0.25],
    [15, 3, 2, 6, 160, 272, mbconv, 0.25],
> { num_features: 1792 }";

/// `efficientnetv2_rw_m`.
const RW_M: &str = "<
    [3, 3, 1, 1, 32, 32, fused, 0, { expand_conv: true }],
    [5, 3, 2, 4, 32, 56, fused, 0],
    [5, 3, 2, 4, 56, 80, fused, 0],
    [8, 3, 2, 4, 80, 152, mbconv, 0.25],
    [15, 3, 1, 6, 152, 192, mbconv, 0.25],
    [24, 3, 2, 6, 192, 328, mbconv, 0.25],
> { num_features: 2152 }";

/// `mobilenetv2_100`.
const MOBILE_NET_V2: &str = "<
    [1, 3, 1, 1, 32, 16, mbconv, 0],
    [2, 3, 2, 6, 16, 24, mbconv, 0],
    [3, 3, 2, 6, 24, 32, mbconv, 0],
    [4, 3, 2, 6, 32, 64, mbconv, 0],
    [3, 3, 1, 6, 64, 96, mbconv, 0],
    [3, 3, 2, 6, 96, 160, mbconv, 0],
    [1, 3, 1, 6, 160, 320, mbconv, 0],
> { activation: relu6 }";

/// `mnasnet_100`.
const MNAS: &str = "<
    [1, 3, 1, 1, 32, 16, mbconv, 0],
    [3, 3, 2, 3, 16, 24, mbconv, 0],
    [3, 5, 2, 3, 24, 40, mbconv, 0],
    [3, 5, 2, 6, 40, 80, mbconv, 0],
    [2, 3, 1, 6, 80, 96, mbconv, 0],
    [4, 5, 2, 6, 96, 192, mbconv, 0],
    [1, 3, 1, 6, 192, 320, mbconv, 0],
> { activation: relu }";

/// `semnasnet_100`.
const SE_MNAS: &str = "<
    [1, 3, 1, 1, 32, 16, mbconv, 0],
    [2, 3, 2, 6, 16, 24, mbconv, 0],
    [3, 5, 2, 3, 24, 40, mbconv, 0.25],
    [4, 3, 2, 6, 40, 80, mbconv, 0],
    [2, 3, 1, 6, 80, 112, mbconv, 0.25],
    [3, 5, 2, 6, 112, 160, mbconv, 0.25],
    [1, 3, 1, 6, 160, 320, mbconv, 0],
> { activation: relu }";

/// `mnasnet_small`.
const SMALL_MNAS: &str = "<
    [1, 3, 1, 1, 8, 8, mbconv, 0],
    [1, 3, 2, 3, 8, 16, mbconv, 0],
    [2, 3, 2, 6, 16, 16, mbconv, 0],
    [4, 5, 2, 6, 16, 32, mbconv, 0.25],
    [3, 3, 1, 6, 32, 32, mbconv, 0.25],
    [3, 5, 2, 6, 32, 88, mbconv, 0.25],
    [1, 3, 1, 6, 88, 144, mbconv, 0],
> { activation: relu }";

/// `fbnetc_100`.
const FB_NET_C: &str = "<
    [1, 3, 1, 1, 16, 16, mbconv, 0, { expand_conv: true }],
    [1, 3, 2, 6, 16, 24, mbconv, 0],
    [2, 3, 1, 1, 24, 24, mbconv, 0, { expand_conv: true, same_stage: true }],
    [1, 5, 2, 6, 24, 32, mbconv, 0],
    [1, 5, 1, 3, 32, 32, mbconv, 0, { same_stage: true }],
    [1, 5, 1, 6, 32, 32, mbconv, 0, { same_stage: true }],
    [1, 3, 1, 6, 32, 32, mbconv, 0, { same_stage: true }],
    [2, 5, 2, _, 32, 64, mbconv, 0, { expanded: 192 }],
    [2, 5, 1, 6, 64, 64, mbconv, 0, { same_stage: true }],
    [3, 5, 1, 6, 64, 112, mbconv, 0],
    [1, 5, 1, 3, 112, 112, mbconv, 0, { same_stage: true }],
    [4, 5, 2, 6, 112, 184, mbconv, 0],
    [1, 3, 1, 6, 184, 352, mbconv, 0],
> { activation: relu }";

/// `spnasnet_100`.
const SP_NAS: &str = "<
    [1, 3, 1, 1, 32, 16, mbconv, 0],
    [3, 3, 2, 3, 16, 24, mbconv, 0],
    [1, 5, 2, 6, 24, 40, mbconv, 0],
    [3, 3, 1, 3, 40, 40, mbconv, 0, { same_stage: true }],
    [1, 5, 2, 6, 40, 80, mbconv, 0],
    [3, 3, 1, 3, 80, 80, mbconv, 0, { same_stage: true }],
    [1, 5, 1, 6, 80, 96, mbconv, 0],
    [3, 5, 1, 3, 96, 96, mbconv, 0, { same_stage: true }],
    [4, 5, 2, 6, 96, 192, mbconv, 0],
    [1, 3, 1, 6, 192, 320, mbconv, 0],
> { activation: relu }";

/// `mobilenetv3_large_100` of timm's `mobilenetv3.py`, as the next.
const LARGE_V3: &str = "<
    [1, 3, 1, 1, 16, 16, mbconv, 0, { activation: relu }],
    [1, 3, 2, 4, 16, 24, mbconv, 0, { activation: relu }],
    [1, 3, 1, 3, 24, 24, mbconv, 0, { activation: relu, same_stage: true }],
    [3, 5, 2, 3, 24, 40, mbconv, 0.25, { activation: relu }],
    [1, 3, 2, 6, 40, 80, mbconv, 0],
    [1, 3, 1, _, 80, 80, mbconv, 0, { expanded: 200, same_stage: true }],
    [2, 3, 1, _, 80, 80, mbconv, 0, { expanded: 184, same_stage: true }],
    [2, 3, 1, 6, 80, 112, mbconv, 0.25],
    [3, 5, 2, 6, 112, 160, mbconv, 0.25],
    [1, 1, 1, 1, 160, 960, conv, 0],
> { activation: hard_swish }";

/// `mobilenetv3_small_100`.
const SMALL_V3: &str = "<
    [1, 3, 2, 1, 16, 16, mbconv, 0.25, { activation: relu }],
    [1, 3, 2, _, 16, 24, mbconv, 0, { expanded: 72, activation: relu }],
    [1, 3, 1, _, 24, 24, mbconv, 0, { expanded: 88, activation: relu, same_stage: true }],
    [1, 5, 2, 4, 24, 40, mbconv, 0.25],
    [2, 5, 1, 6, 40, 40, mbconv, 0.25, { same_stage: true }],
    [2, 5, 1, 3, 40, 48, mbconv, 0.25],
    [3, 5, 2, 6, 48, 96, mbconv, 0.25],
    [1, 1, 1, 1, 96, 576, conv, 0],
> { activation: hard_swish }";
