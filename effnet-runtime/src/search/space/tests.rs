use effnet_spec::Size;
use proptest::prelude::*;

use super::*;
use crate::random::Purpose;

const SMALL: &str = "
stem = 8
se_ratio = 0.25
[[stage]]
stride = 1
operator = ['mbconv', 'fused']
layers = [1, 3]
kernel = [3, 5, 7]
expansion = [1, 4]
width = 16
[[stage]]
stride = 2
operator = 'mbconv'
layers = 2
kernel = 3
expansion = [2, 3]
width = [16, 24, 32]
";

fn small() -> Space {
    Space::parse("small", SMALL).unwrap()
}

fn stream(sample: u64) -> Stream {
    Stream::new(5, Purpose::Search, 0, sample, 0)
}

#[test]
fn the_crate_s_spaces_are_as_large_as_they_say() {
    for (name, text) in SPACES {
        let size = Space::open(name).unwrap().size();
        let stated = format!("= {} networks", effnet_spec::thousands(size as u64));
        assert!(text.replace("\n# ", " ").contains(&stated), "{name}.toml does not say {stated}");
    }
    assert_eq!(Space::open("b0").unwrap().size(), 36_u128.pow(6));
    assert_eq!(Space::open("b0").unwrap().size(), 2_176_782_336);
    assert_eq!(Space::open("b4").unwrap().size(), 36_u128.pow(7));
    assert_eq!(Space::open("b4").unwrap().size(), 78_364_164_096);
    assert_eq!(small().size(), 2 * 2 * 3 * 2 * 2 * 3);
}

#[test]
fn a_space_s_network_is_the_table_of_its_choices() {
    let b0 = Space::open("b0").unwrap();
    let spec = b0.spec(&b0.middle(), "Middle").unwrap();
    assert_eq!(spec.name, "Middle");
    let table = "<
    [2, 3, 1, 4, 32, 16, mbconv, 0.25],
    [2, 3, 2, 4, 16, 32, mbconv, 0.25],
    [2, 3, 2, 4, 32, 48, mbconv, 0.25],
    [2, 3, 2, 4, 48, 96, mbconv, 0.25],
    [2, 3, 1, 4, 96, 112, mbconv, 0.25],
    [2, 3, 2, 4, 112, 192, mbconv, 0.25],
> { train_size: 192, eval_size: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }";
    assert_eq!(spec.to_string(), table);
    assert_eq!(b0.key(&b0.middle()).unwrap(), table);
    let mut genes = b0.middle();
    genes[10..15].copy_from_slice(&[1, 2, 1, 0, 0]);
    assert_eq!(b0.spec(&genes, "").unwrap().rows()[2].to_string(), "[3, 5, 2, 1, 32, 48, fused, 0]");
    let b4 = Space::open("b4").unwrap();
    let repeats = |genes: &[u16]| b4.spec(genes, "").unwrap().rows().iter().map(|row| row.repeats).collect::<Vec<_>>();
    assert_eq!(repeats(&b4.middle()), [2, 4, 4, 6, 6, 8, 2]);
}

#[test]
fn a_stage_takes_what_the_stage_above_puts_out() {
    let small = small();
    for genes in (0..small.size()).map(|index| small.nth(index).unwrap()) {
        let spec = small.spec(&genes, "any").unwrap();
        assert_eq!(spec.rows()[1].in_channels, 16);
        assert_eq!(spec.rows()[1].out_channels, [16, 24, 32][usize::from(genes[9])]);
    }
}

#[test]
fn no_two_networks_of_a_space_are_the_same() {
    let small = small();
    let keys = (0..small.size()).map(|index| small.key(&small.nth(index).unwrap()).unwrap());
    assert_eq!(keys.collect::<std::collections::BTreeSet<_>>().len() as u128, small.size());
    assert_eq!(small.nth(small.size()), None);
}

proptest! {
    #[test]
    fn a_network_s_number_is_its_own(index in 0..36_u128.pow(7)) {
        let b4 = Space::open("b4").unwrap();
        let genes = b4.nth(index).unwrap();
        prop_assert_eq!(b4.index(&genes).unwrap(), index);
    }

    #[test]
    fn any_network_can_be_built(index in 0..36_u128.pow(7)) {
        for space in ["b0", "b4"].map(|name| Space::open(name).unwrap()) {
            let genes = space.nth(index % space.size()).unwrap();
            prop_assert_eq!(space.spec(&genes, "any").unwrap().validate(), vec![]);
        }
    }
}

#[test]
fn every_corner_can_be_built() {
    for space in ["b0", "b4"].map(|name| Space::open(name).unwrap()) {
        let last: Vec<u16> = space.genes().iter().map(|gene| gene.choices.len() as u16 - 1).collect();
        let first = vec![0; last.len()];
        for (rest, other) in [(&first, &last), (&last, &first)] {
            for stage in 0..rest.len() / 5 {
                for corner in 0..1 << 5 {
                    let mut genes = rest.clone();
                    for gene in (0..5).filter(|gene| corner >> gene & 1 == 1) {
                        genes[stage * 5 + gene] = other[stage * 5 + gene];
                    }
                    assert_eq!(space.spec(&genes, "corner").unwrap().validate(), []);
                }
            }
        }
    }
}

/// Fails where counts differ from a uniform distribution by more than one seed in 10⁵ would.
fn uniform(counts: &[u64], what: &str) {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let chi_square: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
    // Wilson and Hilferty's approximation of the quantile, 4.26 deviations up.
    let freedom = counts.len() as f64 - 1.0;
    let part = 2.0 / (9.0 * freedom);
    let bound = freedom * (1.0 - part + 4.26 * part.sqrt()).powi(3);
    assert!(chi_square < bound, "{what}: {counts:?} has χ² {chi_square:.1}, over {bound:.1}");
}

#[test]
fn draws_have_every_choice_and_every_network_equally_often() {
    let small = small();
    let draws: Vec<Vec<u16>> = (0..14_400).map(|sample| small.draw(&stream(sample))).collect();
    for (place, gene) in small.genes().iter().enumerate().filter(|(_, gene)| gene.choices.len() > 1) {
        let mut counts = vec![0; gene.choices.len()];
        draws.iter().for_each(|genes| counts[usize::from(genes[place])] += 1);
        uniform(&counts, &gene.to_string());
    }
    let mut counts = vec![0; small.size() as usize];
    draws.iter().for_each(|genes| counts[small.index(genes).unwrap() as usize] += 1);
    uniform(&counts, "networks");
}

#[test]
fn a_mutation_changes_one_gene_and_each_equally_often() {
    let small = small();
    let open: Vec<usize> = (0..10).filter(|&gene| small.genes()[gene].choices.len() > 1).collect();
    assert_eq!(open, [0, 1, 2, 3, 8, 9]);
    let from = small.nth(37).unwrap();
    let mut changed = [0; 6];
    let mut kernels = [0; 3];
    for sample in 0..12_000 {
        let genes = small.mutate(&from, &stream(sample));
        let differ: Vec<usize> = (0..10).filter(|&gene| genes[gene] != from[gene]).collect();
        assert_eq!(differ.len(), 1);
        changed[open.iter().position(|gene| *gene == differ[0]).unwrap()] += 1;
        kernels[usize::from(genes[2])] += u64::from(differ[0] == 2);
        small.index(&genes).unwrap();
    }
    uniform(&changed, "genes");
    assert_eq!(kernels[usize::from(from[2])], 0);
    uniform(&kernels.into_iter().filter(|count| *count > 0).collect::<Vec<_>>(), "kernels");
}

#[test]
fn a_network_without_a_choice_stays() {
    let one = SMALL.replace("[1, 3]", "1").replace("[3, 5, 7]", "3").replace("[1, 4]", "1").replace("[2, 3]", "2");
    let one = one.replace("['mbconv', 'fused']", "'fused'").replace("[16, 24, 32]", "16");
    let space = Space::parse("one", &one).unwrap();
    assert_eq!(space.size(), 1);
    assert_eq!(space.mutate(&[0; 10], &stream(0)), [0; 10]);
}

#[test]
fn a_mistake_in_a_space_is_named() {
    let mut wrong = Vec::new();
    for (from, to, error) in [
        ("layers = [1, 3]", "layer = [1, 3]", "in line 7: unknown field `layer`, expected one of `stride`, `operator`"),
        ("stem = 8", "stm = 8", "in line 2: unknown field `stm`, expected one of `stem`, `se_ratio`, `settings`"),
        ("stem = 8", "", "in line 1: missing field `stem`"),
        ("stem = 8", "stem = 0", "in `stem`: it is 0; it must be at least 1"),
        ("stem = 8", "stem 8", "in line 2: "),
        ("'fused']", "'fuse']", "in line 6: unknown variant `fuse`, expected one of `fused`, `mbconv`, `conv`"),
        ("width = 16", "", "in line 4: missing field `width`"),
        ("width = 16", "width = 'wide'", "in line 10: invalid type: string \"wide\", expected usize"),
        (
            "width = 16",
            "width = 1.5",
            "in line 10: invalid type: floating point `1.5`, expected a choice, or a list of",
        ),
        ("width = 16", "width = [8, 0]", "in stage 1: `width` has 0; it must be at least 1"),
        ("width = 16", "width = []", "in stage 1: `width` has 0 choices; it must have 1 to 65535"),
        ("layers = 2", "layers = [2, 4, 2]", "in stage 2: `layers` has 2 twice; once is enough"),
        (
            "layers = 2",
            "layers = [2, 998]",
            "in its stages: with the most `layers` they have 1001 blocks; a network has at",
        ),
        ("kernel = 3\n", "kernel = [3, 4]\n", "in stage 2: `kernel` is 4; it must be 3, 5 or 7"),
        ("stride = 2", "stride = 3", "in stage 2: `stride` is 3; it must be 1 or 2"),
        ("'fused']", "'conv']", "in stage 1: `expansion` is 4; a `conv` block does not expand: write 1"),
        ("se_ratio = 0.25", "se_ratio = 2", "in stage 1: `se_ratio` is 2; it must be a number from 0"),
        ("[[stage]]", "[settings]\ndropout = 1.5\n[[stage]]", "in its settings: `dropout` is 1.5; it must be"),
        ("[[stage]]", "[settings]\ndropuot = 0\n[[stage]]", "in line 5: unknown field `dropuot`, expected one of"),
        ("[[stage]]", "[limits]\nparam = 1\n[[stage]]", "in line 5: unknown field `param`, expected one of `params`"),
        (
            "[[stage]]",
            "[limits]\nparams = '2Q'\n[[stage]]",
            "in line 5: invalid value: string \"2Q\", expected a whole",
        ),
        (
            "[[stage]]",
            "[limits]\nmacs = 0\n[[stage]]",
            "in line 5: invalid value: integer `0`, expected a whole number",
        ),
        ("[[stage]]", "[limits]\nstep_ms = 0\n[[stage]]", "in its limits: `step_ms` must be above 0"),
        ("[[stage]]", "[limits]\nat = 0\n[[stage]]", "in its limits: `at` must be above 0"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        let message = Space::parse("mine.toml", &text).expect_err(to).to_string();
        let is_right =
            message.starts_with(&format!("the space `mine.toml` is wrong {error}")) && !message.contains('\n');
        wrong.extend((!is_right).then_some((to, message)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let none = "stem = 8\nse_ratio = 0.25\nstage = []";
    let message = Space::parse("mine.toml", none).unwrap_err().to_string();
    assert_eq!(message, "the space `mine.toml` is wrong in its stages: there is none: write `[[stage]]` for each");
}

#[test]
fn more_networks_than_a_number_can_count_are_refused() {
    let stages = SMALL.split_once("[[stage]]").unwrap().1;
    let text = SMALL.to_owned() + &format!("[[stage]]{stages}").repeat(40);
    let text = text.replace("width = 16", "width = [16, 24]");
    let message = Space::parse("vast", &text).unwrap_err().to_string();
    assert!(message.contains("they have more than 2^128 networks"), "{message}");
}

#[test]
fn a_space_is_found_by_its_name_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, SMALL).unwrap();
    let space = Space::open(file.to_str().unwrap()).unwrap();
    assert_eq!((space.text(), space.name()), (SMALL, file.to_str().unwrap()));
    let message = Space::open("b1").unwrap_err().to_string();
    assert_eq!(message, "there is no space `b1`: expected one of `b0`, `b4`, or a file that ends in .toml");
    let message = Space::open("missing.toml").unwrap_err().to_string();
    assert!(message.starts_with("cannot read `missing.toml`: "), "{message}");
}

#[test]
fn genes_of_another_space_are_refused() {
    let small = small();
    let message = |genes: &[u16]| small.spec(genes, "").unwrap_err().to_string();
    assert_eq!(
        message(&[0, 1]),
        "genes [0, 1] name no network of the space `small`, which has 10 genes: they are another space's"
    );
    let message = message(&[0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    assert!(message.contains("which has 3 choices for the kernel of stage 1"), "{message}");
    assert!(small.index(&[2; 10]).is_err() && small.key(&[]).is_err());
}

#[test]
fn limits_refuse_what_counts_more() {
    let limits = |text: &str| {
        let text = SMALL.replacen("[[stage]]", &format!("[limits]\n{text}\n[[stage]]"), 1);
        *Space::parse("limited", &text).unwrap().limits()
    };
    let (space, size, classes) = (small(), 64, 10);
    let spec = space.spec(&space.nth(100).unwrap(), "any").unwrap();
    let cost = spec.cost(Size::square(size), classes);
    let bytes = spec.train_activation_bytes(Size::square(size), classes);
    assert_eq!(space.limits().check(&spec, classes, size), Ok(()));
    for (name, value, limit) in [
        ("params", cost.params, Limit::Params),
        ("macs", cost.macs, Limit::Macs),
        ("activation_bytes", bytes, Limit::ActivationBytes),
    ] {
        assert_eq!(limits(&format!("{name} = {value}")).check(&spec, classes, size), Ok(()));
        let refusal = limits(&format!("{name} = {}", value - 1)).check(&spec, classes, size).unwrap_err();
        assert_eq!((refusal.limit, refusal.value, refusal.most), (limit, value as f64, value as f64 - 1.0));
    }
    // MACs at another size than the training's, which the activations stay with.
    let at = spec.cost(Size::square(128), classes).macs;
    assert!(limits(&format!("macs = {}\nat = 128", at - 1)).check(&spec, classes, size).is_err());
    let at_128 = limits(&format!("macs = {at}\nat = 128\nactivation_bytes = {bytes}"));
    assert_eq!(at_128.check(&spec, classes, size), Ok(()));
    let refusal = limits("params = '1.5k'").check(&spec, classes, size).unwrap_err();
    let counted = effnet_spec::thousands(cost.params);
    assert_eq!(refusal.to_string(), format!("its parameters are {counted}, over the space's limit of 1,500"));
    let written = limits("params = '7.2M'\nmacs = '0.72G'\nactivation_bytes = 1e8\nstep_ms = 400\ninfer_ms = 2.5");
    assert_eq!(
        written,
        Limits {
            params: Some(7_200_000),
            macs: Some(720_000_000),
            at: None,
            activation_bytes: Some(100_000_000),
            step_ms: Some(400.0),
            infer_ms: Some(2.5),
        }
    );
    let slow = Limit::StepMs.check(412.34, written.step_ms).unwrap_err();
    assert_eq!(slow.to_string(), "its training step takes 412.3 ms, over the space's limit of 400.0 ms");
    assert_eq!(Limit::InferMs.check(2.5, written.infer_ms), Ok(()));
    assert_eq!(Limit::InferMs.check(2.5, None), Ok(()));
}
