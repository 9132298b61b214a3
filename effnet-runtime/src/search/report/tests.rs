//! What the page says of made-up ledgers.

use std::path::Path;

use super::digest::Digest;
use super::*;
use crate::search::reward::PaperReward;
use crate::search::settings::{Measure, SamplerKind};
use crate::search::trial::{End, Outcome, Proposal};
use crate::train::config::{Layer, merge, recipe};

fn settings(samples: u64, sampler: SamplerKind) -> Settings {
    let own = r#"
        model = "search"
        recipe = "digits"
        epochs = 9
        size = 48
        eval_size = 48
        regularise.dropout = 0.2
        compute = { device = "cpu", threads = 2, loader_threads = 2 }
    "#;
    let run = merge(&[recipe("digits").unwrap(), Layer::parse("the test", own).unwrap()]).unwrap();
    Settings {
        space: "small".to_owned(),
        samples,
        sampler,
        hold_out: 0.2,
        measure: Measure::Step,
        times: None,
        keep: 5,
        reward: PaperReward::PAPER,
        run,
    }
}

fn space() -> Space {
    let stage = "[[stage]]\nstride = 2\noperator = ['mbconv', 'fused']\nlayers = [1, 2]\nkernel = 3\nexpansion = 4\nwidth = 8\n";
    Space::parse("small <1>", &format!("stem = 8\nse_ratio = 0.25\n{stage}{stage}[limits]\nparams = '1.5M'\n")).unwrap()
}

fn trial(number: u64, epochs: u64, end: Option<End>) -> Trial {
    let genes = vec![(number % 2) as u16, (number / 2 % 2) as u16, 0, 0, 0, 1, 0, 0, 0, 0];
    Trial { number, proposal: Proposal { genes, epochs, parent: None, refused: 0 }, end }
}

fn measured(number: u64, epochs: u64, (accuracy, time, reward): (f64, f64, f64)) -> Trial {
    let outcome = Outcome { accuracy, time, milliseconds: Some(100.0 * time), params: 1_234_567, macs: 7_654_321 };
    trial(number, epochs, Some(End::Measured { outcome, reward }))
}

fn failed(number: u64, reason: &str) -> Trial {
    trial(number, 9, Some(End::Failed { reason: reason.to_owned() }))
}

fn shown(samples: u64, trials: &[Trial]) -> String {
    page(Path::new("runs/my search"), &settings(samples, SamplerKind::Random), &space(), trials).unwrap()
}

/// Numbers of the trials in the rows of a table.
fn rows(html: &str, table: &str) -> Vec<u64> {
    let (_, rest) = html.split_once(&format!("id=\"{table}\"")).unwrap();
    let (body, _) = rest.split_once("</table>").unwrap();
    let heads = body.split("<th scope=\"row\">").skip(1);
    heads.map(|head| head.split_once('<').unwrap().0.parse().unwrap()).collect()
}

#[test]
fn a_search_s_results_are_on_the_page() {
    let trials = [
        measured(0, 9, (0.80, 1.0, 0.79)),
        measured(1, 9, (0.90, 2.0, 0.85)),
        measured(2, 9, (0.85, 2.5, 0.80)),
        measured(3, 9, (0.89, 1.2, 0.88)),
    ];
    let html = shown(4, &trials);
    assert_eq!(rows(&html, "trials"), [3, 1, 2, 0]);
    // Trial 2 is slower and less accurate than trial 1.
    assert_eq!(rows(&html, "front-table"), [0, 3, 1]);
    assert_eq!(rows(&html, "records"), [0, 1, 3]);
    assert!(html.contains("<data id=\"best-reward\" value=\"0.88\">0.8800</data>"), "{html}");
    assert!(html.contains("<title>Trial 3: 89.00 %, 1.20 ×, 1.23 M parameters, reward 0.8800</title>"), "{html}");
    assert!(html.contains("<td class=\"blocks fused\">fused k3<br>e4 ×2</td>"), "{html}");
    assert!(html.contains("small &lt;1&gt;: 16 networks of 2 stages"), "{html}");
    assert!(html.contains("at most 1.50 M parameters"), "{html}");
    assert!(html.contains("effnet search show 3 --search 'runs/my search' --as macro"), "{html}");
    assert!(html.contains("effnet search train 3 --search 'runs/my search'"), "{html}");
    assert!(html.contains("all done") && !html.contains("--resume"), "{html}");
    // Kernel, expansion and width are no choices, so there are cards of operators and layers.
    assert_eq!(html.matches("<table class=\"effect\">").count(), 4);
    assert!(!html.contains("NaN") && !html.contains("id=\"failed\""), "{html}");
}

#[test]
fn a_search_may_have_nothing_to_show() {
    for trials in [vec![], vec![trial(0, 9, None)], vec![failed(0, "its loss is not finite"), trial(1, 9, None)]] {
        let html = shown(4, &trials);
        assert!(html.contains("No trial has been trained yet."), "{html}");
        assert!(html.contains("effnet search --resume --output 'runs/my search'"), "{html}");
        assert!(!html.contains("effnet search show") && !html.contains("<svg") && !html.contains("NaN"), "{html}");
    }
    let one = shown(4, &[measured(0, 9, (0.0, 1.0, 0.0))]);
    assert_eq!(rows(&one, "trials"), [0]);
    assert!(one.contains("Two trials are needed") && !one.contains("NaN"), "{one}");
}

#[test]
fn failures_are_counted_by_their_reasons() {
    let trials = [
        failed(0, "its loss is <not> finite"),
        failed(1, "its training step takes 431.2 ms, over the space's limit of 400 ms"),
        failed(2, "its training step takes 1,012 ms, over the space's limit of 400 ms"),
        measured(3, 9, (f64::NAN, 1.0, f64::NAN)),
    ];
    let digest = Digest::of(&space(), &trials).unwrap();
    let found: Vec<(u64, u64)> = digest.failed.iter().map(|failed| (failed.trials, failed.first)).collect();
    assert_eq!(found, [(2, 1), (1, 0), (1, 3)]);
    let html = shown(4, &trials);
    assert!(html.contains("4 trials of 4 could not be ranked."), "{html}");
    assert!(html.contains("begin another search") && !html.contains("--resume"), "{html}");
    assert!(html.contains("its loss is &lt;not&gt; finite (trial 0)"), "{html}");
    assert!(html.contains("431.2 ms, over the space's limit of 400 ms (trial 1; the others alike)"), "{html}");
}

#[test]
fn longer_trainings_are_compared_with_each_other() {
    let trials = [
        measured(0, 3, (0.95, 0.5, 0.99)),
        measured(1, 3, (0.60, 1.0, 0.60)),
        measured(2, 3, (0.70, 1.0, 0.70)),
        measured(3, 9, (0.90, 2.0, 0.85)),
        measured(4, 9, (0.80, 1.0, 0.80)),
    ];
    let html = page(Path::new("runs/search-1"), &settings(3, SamplerKind::Halving), &space(), &trials).unwrap();
    assert_eq!(rows(&html, "trials"), [3, 4, 0, 2, 1]);
    assert_eq!(rows(&html, "front-table"), [4, 3]);
    assert_eq!(rows(&html, "records"), [0, 3]);
    assert_eq!(html.matches("<circle class=\"short\"").count(), 3);
    assert!(html.contains("over 3 trials of 3 epochs"), "{html}");
}

#[test]
fn only_the_best_of_many_trials_are_listed() {
    let trials: Vec<Trial> =
        (0..60).map(|number| measured(number, 9, (0.5, 1.0, 0.5 + number as f64 / 1000.0))).collect();
    let html = shown(60, &trials);
    assert_eq!(rows(&html, "trials"), (10..60).rev().collect::<Vec<_>>());
    assert!(html.contains("And 10 more"), "{html}");
    // All are equal in accuracy and time, so none beats another.
    assert!(html.contains("the 12 most accurate of 60"), "{html}");
}
