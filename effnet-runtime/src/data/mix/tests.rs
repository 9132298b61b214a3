use super::*;

const SIDE: usize = 20;
const LEN: usize = 3 * SIDE * SIDE;

/// Pictures in which every float is the picture's own number, and the results.
fn mixed(mix: Mix, positions: &[usize], epoch: u64) -> (Vec<f32>, Vec<(u32, f32)>) {
    mix.check().unwrap();
    let mut floats: Vec<f32> = positions.iter().flat_map(|position| vec![*position as f32; LEN]).collect();
    // Ids that are neither positions nor labels.
    let samples: Vec<u64> = positions.iter().map(|position| 1000 - *position as u64).collect();
    let labels: Vec<u32> = positions.iter().map(|position| *position as u32 + 50).collect();
    let pictures =
        Pictures { floats: &mut floats, height: SIDE, width: SIDE, samples: &samples, positions, labels: &labels };
    let partners = mix.apply(pictures, 8, epoch);
    (floats, partners)
}

const MIXUP: Mix = Mix { mixup: 0.4, cutmix: 0.0 };
const CUTMIX: Mix = Mix { mixup: 0.0, cutmix: 0.8 };

#[test]
fn mixup_weighs_each_of_a_pair_by_its_own_draw() {
    let (floats, partners) = mixed(MIXUP, &[0, 1, 2, 3], 0);
    for (at, picture) in floats.chunks_exact(LEN).enumerate() {
        let (label, weight) = partners[at];
        assert_eq!(label, (at as u32 ^ 1) + 50);
        assert!((0.5..=1.0).contains(&weight));
        let want = at as f32 * weight + (at ^ 1) as f32 * (1.0 - weight);
        assert!(picture.iter().all(|value| *value == want));
        let draw = Draw { seed: 8, epoch: 0, sample: 1000 - at as u64 };
        let lambda = beta(&draw.stream(Part::Mix), 0.4);
        assert_eq!(weight, lambda.max(1.0 - lambda) as f32);
    }
    assert_ne!(partners[0].1, partners[1].1);
}

#[test]
fn cutmix_weighs_a_label_by_the_area_that_is_left() {
    let mut areas = Vec::new();
    for epoch in 0..50 {
        let (floats, partners) = mixed(CUTMIX, &[4, 5], epoch);
        for (at, picture) in floats.chunks_exact(LEN).enumerate() {
            let (own, other) = (at as f32 + 4.0, (at ^ 1) as f32 + 4.0);
            let taken: Vec<usize> = (0..LEN).filter(|value| picture[*value] == other).collect();
            assert_eq!(taken.len() + picture.iter().filter(|value| **value == own).count(), LEN);
            assert_eq!(partners[at].0, (at as u32 ^ 1) + 54);
            assert!((partners[at].1 - (1.0 - taken.len() as f32 / LEN as f32)).abs() < 1e-6);
            // A rectangle, the same in each channel.
            let column = |value: &usize| value % SIDE;
            let row = |value: &usize| value / SIDE;
            let spread = |of: &dyn Fn(&usize) -> usize| {
                taken.iter().map(of).collect::<std::collections::BTreeSet<usize>>().len()
            };
            assert_eq!(spread(&column) * spread(&row), taken.len());
            areas.push(taken.len());
        }
    }
    areas.sort_unstable();
    areas.dedup();
    assert!(areas.len() > 20, "pieces of many sizes: {areas:?}");
}

/// The formulas are those of `cutmix_mask`.
#[test]
fn pieces_are_automls() {
    let mut areas = 0.0;
    for sample in 0..20_000 {
        let draw = Draw { seed: 8, epoch: 0, sample };
        let piece = CUTMIX.piece(draw, 300, 200);
        let patch = (1.0 - beta(&draw.stream(Part::Mix), 0.8)).sqrt() as f32;
        let place = draw.stream(Part::MixPiece);
        let clipped = |element, side: u64| {
            let half = (patch * side as f32) as i64 / 2;
            let middle = place.below(element, side) as i64;
            let edge = |at: i64| at.clamp(0, side as i64) as usize;
            edge(middle - half)..edge(middle + half)
        };
        assert_eq!(piece, Piece { columns: clipped(0, 300), rows: clipped(1, 200) });
        areas += piece.area() as f64 / 60_000.0;
    }
    // Half of the area on average, if the borders cut nothing off; numpy gives 0.315 for the same draws.
    assert!((areas / 20_000.0 - 0.315).abs() < 0.01, "{}", areas / 20_000.0);
}

#[test]
fn with_both_on_pairs_take_turns() {
    let both = Mix { mixup: 0.4, cutmix: 0.8 };
    let positions: Vec<usize> = (0..8).collect();
    let (floats, partners) = mixed(both, &positions, 0);
    for pair in 0..4 {
        let alone = if pair % 2 == 0 { MIXUP } else { CUTMIX };
        let (alone, alone_partners) = mixed(alone, &[2 * pair, 2 * pair + 1], 0);
        assert_eq!(floats[2 * pair * LEN..][..2 * LEN], alone);
        assert_eq!(partners[2 * pair..][..2], alone_partners);
    }
}

#[test]
fn what_has_no_partner_stays_as_it_is() {
    for mix in [MIXUP, CUTMIX] {
        // The missing partners are 3's at the front, 4's in the middle and 8's at the end.
        let (floats, partners) = mixed(mix, &[3, 4, 6, 7, 8], 0);
        for (at, position) in [(0, 3), (1, 4), (4, 8)] {
            assert_eq!(partners[at], (position + 50, 1.0));
            assert!(floats[at * LEN..][..LEN].iter().all(|value| *value == position as f32));
        }
        assert_eq!((partners[2].0, partners[3].0), (57, 56));
    }
    assert!(mixed(MIXUP, &[], 0).1.is_empty());
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let says = |mixup, cutmix| Mix { mixup, cutmix }.check().unwrap_err().to_string();
    assert!(says(-0.1, 0.0).starts_with("mixup's alpha -0.1 is neither 0 (off)"));
    assert!(says(0.0, f64::NAN).starts_with("cutmix's alpha NaN"));
}
