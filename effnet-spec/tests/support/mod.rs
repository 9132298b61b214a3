//! The eight networks of google/automl's `effnetv2_configs.py`.

use effnet_spec::{Row, Scaling, Settings, Spec};

const BASE: [&str; 6] = [
    "r1_k3_s1_e1_i32_o16_c1",
    "r2_k3_s2_e4_i16_o32_c1",
    "r2_k3_s2_e4_i32_o48_c1",
    "r3_k3_s2_e4_i48_o96_se0.25",
    "r5_k3_s1_e6_i96_o112_se0.25",
    "r8_k3_s2_e6_i112_o192_se0.25",
];

const S: [&str; 6] = [
    "r2_k3_s1_e1_i24_o24_c1",
    "r4_k3_s2_e4_i24_o48_c1",
    "r4_k3_s2_e4_i48_o64_c1",
    "r6_k3_s2_e4_i64_o128_se0.25",
    "r9_k3_s1_e6_i128_o160_se0.25",
    "r15_k3_s2_e6_i160_o256_se0.25",
];

const M: [&str; 7] = [
    "r3_k3_s1_e1_i24_o24_c1",
    "r5_k3_s2_e4_i24_o48_c1",
    "r5_k3_s2_e4_i48_o80_c1",
    "r7_k3_s2_e4_i80_o160_se0.25",
    "r14_k3_s1_e6_i160_o176_se0.25",
    "r18_k3_s2_e6_i176_o304_se0.25",
    "r5_k3_s1_e6_i304_o512_se0.25",
];

const L: [&str; 7] = [
    "r4_k3_s1_e1_i32_o32_c1",
    "r7_k3_s2_e4_i32_o64_c1",
    "r7_k3_s2_e4_i64_o96_c1",
    "r10_k3_s2_e4_i96_o192_se0.25",
    "r19_k3_s1_e6_i192_o224_se0.25",
    "r25_k3_s2_e6_i224_o384_se0.25",
    "r7_k3_s1_e6_i384_o640_se0.25",
];

const XL: [&str; 7] = [
    "r4_k3_s1_e1_i32_o32_c1",
    "r8_k3_s2_e4_i32_o64_c1",
    "r8_k3_s2_e4_i64_o96_c1",
    "r16_k3_s2_e4_i96_o192_se0.25",
    "r24_k3_s1_e6_i192_o256_se0.25",
    "r32_k3_s2_e6_i256_o512_se0.25",
    "r8_k3_s1_e6_i512_o640_se0.25",
];

/// The network of this name: `s`, `m`, `l`, `xl`, `b0`, …, `b3`.
pub(crate) fn spec(name: &str) -> Spec {
    let (rows, width, depth, sizes, dropout) = match name {
        "s" => (&S[..], 1.0, 1.0, [300, 384], 0.2),
        "m" => (&M[..], 1.0, 1.0, [384, 480], 0.3),
        "l" => (&L[..], 1.0, 1.0, [384, 480], 0.4),
        "xl" => (&XL[..], 1.0, 1.0, [384, 512], 0.4),
        "b0" => (&BASE[..], 1.0, 1.0, [192, 224], 0.2),
        "b1" => (&BASE[..], 1.0, 1.1, [192, 240], 0.2),
        "b2" => (&BASE[..], 1.1, 1.2, [208, 260], 0.3),
        "b3" => (&BASE[..], 1.2, 1.4, [240, 300], 0.3),
        other => panic!("no network is called {other}"),
    };
    let settings = Settings { dropout, train_size: Some(sizes[0]), eval_size: Some(sizes[1]), ..Settings::DEFAULT };
    let rows = rows.iter().map(|text| Row::from_block_string(text).expect("a block string of automl's"));
    let name = format!("EfficientNetV2{}", name.to_uppercase());
    Spec { name: name.into(), rows: rows.collect(), settings }.scaled(&Scaling::v2(width, depth))
}

/// The names of all eight.
pub(crate) const NAMES: [&str; 8] = ["s", "m", "l", "xl", "b0", "b1", "b2", "b3"];
