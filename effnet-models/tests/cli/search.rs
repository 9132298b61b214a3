//! `effnet search`: trials that are neither lost nor doubled, and tables that come out of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use effnet_runtime::candle::{self, Device, Tensor};
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::random::{Purpose, Stream};
use effnet_runtime::search::{End, Outcome, Proposal, SearchFolder, Space, Trial};
use effnet_runtime::spec::{Row, Spec, grammar};
use effnet_runtime::weights::{WeightsFile, read_network};
use effnet_runtime::{DynamicModel, Network, Pass, Precision};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{self, fail, misuse, start_ranks, succeed, write_digits};

/// A space whose networks train in a blink.
const SPACE: &str = "
    stem = 8
    se_ratio = 0.25
    [settings]
    num_features = 32
    [[stage]]
    stride = 2
    operator = ['fused', 'mbconv']
    layers = [1, 2]
    kernel = [3, 5]
    expansion = [1, 2]
    width = [8, 12]
    [[stage]]
    stride = 2
    operator = ['mbconv', 'fused']
    layers = [1, 2]
    kernel = 3
    expansion = [1, 4]
    width = 16
";

/// How many times a search is killed: a few, or as many as the proof `search` says.
fn kills() -> u64 {
    std::env::var("SEARCH_KILLS").map_or(3, |kills| kills.parse().expect("SEARCH_KILLS is a number"))
}

/// A folder with a space, data, and the recorded times of all the space's networks.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("tiny.toml"), SPACE).expect("written");
    write_digits(&folder.path().join("data"), 3, 30);
    fs::create_dir(folder.path().join("times")).expect("created");
    let space = Space::parse("tiny", SPACE).expect("a space");
    let lines = (0..space.size()).flat_map(|index| {
        let genes = space.nth(index).expect("a network");
        let table = space.key(&genes).expect("a table");
        let time = 1.0 + (index % 7) as f64 / 7.0;
        let outcome = Outcome { accuracy: 0.5, time, milliseconds: None, params: 1, macs: 1 };
        let proposal = Proposal { genes, epochs: 1, parent: None, refused: 0 };
        [
            json!({"event": "begun", "trial": index as u64, "proposal": proposal, "table": table}),
            json!({"event": "ended", "trial": index as u64, "seconds": 1.0,
                "end": End::Measured { outcome, reward: 0.5 }}),
        ]
    });
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    fs::write(folder.path().join("times/trials.jsonl"), text).expect("written");
    folder
}

/// The binary `effnet` on a machine of its own: searches elsewhere, which measure and wait for each other, are not seen.
fn effnet(folder: &Path) -> assert_cmd::Command {
    let mut command = support::effnet(folder);
    command.env("TMPDIR", folder);
    command
}

/// Flags of a search in `output`.
fn flags<'a>(output: &'a str, sampler: &'a str, samples: &'a str) -> Vec<&'a str> {
    let search = ["search", "--space", "tiny.toml", "--sampler", sampler, "--samples", samples, "--output", output];
    let run = ["--data", "data", "--epochs", "3", "--batch", "8", "--size", "32", "--times", "times"];
    [&search[..], &run].concat()
}

fn trials(folder: &Path, output: &str) -> Vec<Trial> {
    SearchFolder::open(&folder.join(output)).expect("a search").ledger().trials().expect("a ledger")
}

/// Every trial ended, with the same proposal and outcome as in the other search.
fn assert_same(found: &[Trial], expected: &[Trial]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.end.is_some(), "trial {} has no end", found.number);
        assert_eq!(found, expected);
    }
}

/// Lines of a ledger by what they say: how often each trial began and ended.
fn assert_none_doubled(folder: &Path, output: &str, trials: u64) {
    let text = fs::read_to_string(folder.join(output).join("trials.jsonl")).expect("a ledger");
    let mut counts: BTreeMap<(String, u64), usize> = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let event = line["event"].as_str().expect("an event").to_owned();
        *counts.entry((event, line["trial"].as_u64().expect("a number"))).or_default() += 1;
    }
    let once = (0..trials).flat_map(|trial| ["begun", "ended"].map(|event| ((event.to_owned(), trial), 1)));
    assert_eq!(counts, once.collect());
}

/// Any number of workers, and processes that are killed at any moment, come to what one process comes to that nobody
/// disturbs.
#[test]
fn workers_and_kills_change_nothing() {
    let folder = folder();
    for (sampler, samples) in [("random", "6"), ("halving", "6"), ("evolution", "12")] {
        let undisturbed = format!("{sampler}-alone");
        succeed(effnet(folder.path()).args(flags(&undisturbed, sampler, samples)));
        let expected = trials(folder.path(), &undisturbed);
        assert!(expected.len() >= 6 && expected.iter().all(|trial| trial.end.is_some()));

        let shared = format!("{sampler}-shared");
        succeed(effnet(folder.path()).args(flags(&shared, sampler, samples)).args(["--workers", "2"]));
        assert_same(&trials(folder.path(), &shared), &expected);
        assert_none_doubled(folder.path(), &shared, expected.len() as u64);

        if sampler == "random" {
            killed(folder.path(), &flags("killed", sampler, samples), &expected);
        }
    }
}

/// The ranks of a group share the trials of a search; rank 0 begins and ends it.
#[test]
fn ranks_share_a_search() {
    let folder = folder();
    succeed(effnet(folder.path()).args(flags("alone", "random", "5")));
    let ranks = start_ranks(2, || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_effnet"));
        command.current_dir(folder.path()).env("TMPDIR", folder.path()).args(flags("shared", "random", "5"));
        command
    });
    let outputs: Vec<_> = ranks.into_iter().map(|rank| rank.wait_with_output().expect("ended")).collect();
    assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
    assert_same(&trials(folder.path(), "shared"), &trials(folder.path(), "alone"));
    assert_none_doubled(folder.path(), "shared", 5);
    let said = |rank: usize| String::from_utf8_lossy(&outputs[rank].stdout).into_owned();
    assert!(said(0).contains("effnet search show best"), "{}", said(0));
    assert!(!said(1).contains("effnet search show best"), "{}", said(1));
}

/// Kills searches until there were enough of them, and holds each to the undisturbed one when it has ended.
fn killed(folder: &Path, flags: &[&str], expected: &[Trial]) {
    let mut kills_left = kills();
    let mut round = 0;
    while kills_left > 0 {
        let output = folder.join("killed");
        fs::remove_dir_all(&output).ok();
        let mut child = start(folder, flags);
        loop {
            let stream = Stream::new(7, Purpose::Bench, round, 0, 0);
            round += 1;
            let patience = if kills_left > 0 { 30 + stream.below(0, 1500) } else { u64::MAX };
            if ended_within(&mut child, patience) {
                break;
            }
            kills_left -= 1;
            child.kill().expect("killed");
            child.wait().expect("ended");
            // A search that was killed before it had written its settings is no search yet.
            if SearchFolder::open(&output).is_ok() {
                child = start(folder, &["search", "--resume", "--output", "killed"]);
            } else {
                fs::remove_dir_all(&output).ok();
                child = start(folder, flags);
            }
        }
        assert_same(&trials(folder, "killed"), expected);
        assert_none_doubled(folder, "killed", expected.len() as u64);
    }
    println!("{} kills, after which every search came to the same {} trials", kills(), expected.len());
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_effnet"));
    command
        .current_dir(folder)
        .env("TMPDIR", folder)
        .args(arguments)
        .arg("--quiet")
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    command.spawn().expect("started")
}

/// Whether a process ended, and then well, within some milliseconds.
fn ended_within(child: &mut Child, milliseconds: u64) -> bool {
    for _ in 0..milliseconds.div_ceil(10) {
        if let Some(status) = child.try_wait().expect("waited") {
            assert!(status.success(), "{status}");
            return true;
        }
        sleep(Duration::from_millis(10));
    }
    false
}

/// What comes out of a search goes in elsewhere.
#[test]
fn a_trial_is_shown_in_every_form_and_trained_in_full() {
    let folder = folder();
    let text = succeed(effnet(folder.path()).args(flags("found", "random", "3")).arg("--json"));
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    assert_eq!(names, ["start", "trial", "trial", "trial", "result"]);
    let best = events[4]["best"].as_u64().expect("a best trial");
    let trials = trials(folder.path(), "found");
    let outcome = trials[best as usize].outcome().expect("measured");
    let most = trials.iter().filter_map(Trial::reward).fold(f64::MIN, f64::max);
    assert_eq!(events[4]["reward"].as_f64(), Some(most));

    let show =
        |form: &str| succeed(effnet(folder.path()).args(["search", "show", "best", "--search", "found", "--as", form]));
    let rows = show("rows");
    let spec = grammar::parse_table("Trial", &rows).expect("a table");
    assert_eq!(spec.params(3), outcome.params);
    let source = show("macro");
    let inside = &source[source.find('<').expect("a table")..source.rfind('}').expect("an end")];
    let of_source = grammar::parse_table("Trial", inside).expect("a table");
    assert_eq!((of_source.rows(), &of_source.settings), (spec.rows(), &spec.settings));
    let of_toml: Spec = toml::from_str(&show("toml")).expect("TOML");
    assert_eq!((of_toml.rows(), &of_toml.settings), (spec.rows(), &spec.settings));
    let of_automl: Vec<Row> =
        show("automl").lines().map(|row| Row::from_block_string(row).expect("a block string")).collect();
    assert_eq!(of_automl, spec.rows());

    // Its weights are those of a network of that table.
    let weights = format!("found/trials/{best:04}/weights.safetensors");
    succeed(effnet(folder.path()).args(["eval", "--weights", &weights, "--data", "data", "--json"]));
    succeed(
        effnet(folder.path())
            .args(["search", "train", "best", "--search", "found", "--output", "full"])
            .args(["--epochs", "1", "--batch", "8", "--size", "32"]),
    );
    assert!(folder.path().join("full/checkpoints/best.safetensors").is_file());
    #[cfg(feature = "report")]
    {
        let report = succeed(effnet(folder.path()).args(["search", "report", "--search", "found"]));
        assert!(fs::read_to_string(folder.path().join(report.trim())).expect("a page").contains("Trial"));
    }
    let kept = fs::read_dir(folder.path().join("found/trials")).expect("trials").flatten();
    assert!(kept.into_iter().all(|trial| !trial.path().join("run/checkpoints").exists()));
}

/// What `effnet search show best` prints for the search of the test below: the compiler takes it.
#[allow(unreachable_pub, reason = "its source is as it is printed")]
mod winner {
    use effnet_runtime::efficientnet_v2;

    include!("search/winner.rs");
}

/// The macro's type is the network that was found. The exponent makes the fastest network win, on every machine.
#[test]
fn the_winners_source_is_the_trials_network() {
    let folder = folder();
    succeed(effnet(folder.path()).args(flags("found", "random", "4")).args(["--time-exponent", "-50"]));
    let source = succeed(effnet(folder.path()).args(["search", "show", "best", "--search", "found"]));
    // The accuracy in the documentation depends on the machine's instructions.
    let undocumented =
        |text: &str| text.lines().filter(|line| !line.contains("///")).map(str::to_owned).collect::<Vec<_>>();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/search/winner.rs");
    if std::env::var_os("EFFNET_BLESS").is_some() {
        fs::write(&path, &source).expect("written");
    }
    assert_eq!(
        undocumented(&fs::read_to_string(&path).expect("a source")),
        undocumented(&source),
        "EFFNET_BLESS=1 renews it"
    );

    let search = SearchFolder::open(&folder.path().join("found")).expect("a search");
    let trials = search.ledger().trials().expect("a ledger");
    let best = effnet_runtime::search::winner(&trials).expect("a winner");
    assert_eq!(winner::Trial0003::params(3) as u64, best.outcome().expect("measured").params);
    let file =
        WeightsFile::open(search.ledger().trial_folder(best.number).join("weights.safetensors")).expect("weights");
    let spec = winner::Trial0003::SPEC;
    let read = |build: &dyn Fn(usize, VarBuilder<'static>) -> candle::Result<Box<dyn Network>>| {
        let network = read_network(&file, &spec, None, &Device::Cpu, build).expect("its weights");
        let images =
            Tensor::from_vec((0..3072).map(|at| (at as f32 * 0.37).sin()).collect(), (1, 3, 32, 32), &Device::Cpu);
        let logits = network.run(&images.expect("images"), &Pass::Eval(Precision::F32)).expect("logits");
        logits.flatten_all().expect("a row").to_vec1::<f32>().expect("numbers").into_iter().map(f32::to_bits).collect()
    };
    let of_macro: Vec<u32> = read(&|classes, vb| Ok(Box::new(winner::Trial0003::new(classes, vb)?)));
    let of_trial: Vec<u32> = read(&|classes, vb| Ok(Box::new(DynamicModel::from_spec(&spec, classes, vb)?)));
    assert_eq!(of_macro, of_trial);
}

/// Limits that no training is needed to check.
#[test]
fn what_a_limit_refuses_is_not_trained() {
    let folder = folder();
    fs::write(folder.path().join("tiny.toml"), format!("{SPACE}\n[limits]\nparams = 5000\n")).expect("written");
    succeed(effnet(folder.path()).args(flags("small", "random", "4")));
    let trials = trials(folder.path(), "small");
    assert!(trials.iter().all(|trial| trial.outcome().is_some_and(|outcome| outcome.params <= 5000)));
    fs::write(folder.path().join("tiny.toml"), format!("{SPACE}\n[limits]\nparams = 10\n")).expect("written");
    fail(effnet(folder.path()).args(flags("none", "random", "4")), &["none is left to train", "params"]);
    fs::write(folder.path().join("tiny.toml"), format!("{SPACE}\n[limits]\nstep_ms = 0.001\n")).expect("written");
    let by_the_clock = flags("slow", "random", "2");
    succeed(effnet(folder.path()).args(&by_the_clock[..by_the_clock.len() - 2]));
    let reasons = |trial: &Trial| match &trial.end {
        Some(End::Failed { reason }) => reason.clone(),
        other => panic!("{other:?}"),
    };
    assert!(self::trials(folder.path(), "slow").iter().map(reasons).all(|reason| reason.contains("step")));
}

#[test]
fn mistakes_are_told() {
    let folder = folder();
    succeed(effnet(folder.path()).args(flags("done", "random", "1")));
    let again = |more: &[&str]| {
        let mut command = effnet(folder.path());
        command.args(["search", "--resume", "--output", "done"]).args(more);
        command
    };
    succeed(&mut again(&[]));
    fail(&mut again(&["--samples", "9"]), &["began with another --samples"]);
    fail(&mut again(&["--batch", "16"]), &["batch"]);
    fail(effnet(folder.path()).args(["search", "--resume", "--output", "nowhere"]), &["no search in `nowhere`"]);
    fail(effnet(folder.path()).args(["search", "show", "7", "--search", "done"]), &["no trial 7"]);
    fail(effnet(folder.path()).args(["search", "show", "worst", "--search", "done"]), &["`worst` is no trial"]);
    fail(effnet(folder.path()).args(["search", "--space", "b9"]), &["no space `b9`"]);
    fail(effnet(folder.path()).args(["search", "--progressive"]), &["leave out --progressive"]);
    fail(effnet(folder.path()).args(["search", "--pretrained", "x.pth"]), &["leave out --pretrained"]);
    fail(effnet(folder.path()).args(["search", "--hold-out", "1.5"]), &["1.5", "between 0 and 1"]);
    fail(effnet(folder.path()).args(["search", "--data", "nowhere"]), &["nowhere"]);
    assert!(!folder.path().join("runs").exists(), "a mistake leaves no folder");
    misuse(effnet(folder.path()).args(["search", "--samples", "0"]), &["--samples"]);
}
