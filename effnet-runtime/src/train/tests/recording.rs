//! Files that a run leaves for people: `report.html`, `best.json` and TensorBoard's events.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::runs::go;
use super::{begin, few_digits, resume, tiny_config};
use crate::data::{Error as DataError, Share, Source, Split};
use crate::train::metrics::{self, Metrics};
use crate::train::recorder::Recorder;
use crate::train::{Best, Ended, RunFolder, State, Trainer, build_network, eval_loader, evaluate};

/// Images whose classes and files have other names.
struct Renamed(Arc<dyn Source>, Vec<String>);

impl Source for Renamed {
    fn classes(&self) -> &[String] {
        &self.1
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn label(&self, index: usize) -> usize {
        self.0.label(index)
    }

    fn name(&self, index: usize) -> String {
        format!("\"><u>{}", self.0.name(index))
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, DataError> {
        self.0.read(index)
    }
}

fn report(path: &Path) -> String {
    fs::read_to_string(path.join("report.html")).unwrap()
}

fn events(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let is_events = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("events.out.tfevents.");
    let mut files: Vec<PathBuf> = entries.filter(is_events).collect();
    files.sort();
    files
}

/// Removes what differs between two reports of the same run: its time and its folder.
fn comparable(path: &Path) -> String {
    let text = report(path).replace(path.to_str().unwrap(), "RUN");
    let (before, rest) = text.split_once("<dt>Time</dt>").unwrap();
    let (_, rest) = rest.split_once("</div>").unwrap();
    let (middle, table) = rest.split_once("id=\"epochs\"").unwrap();
    let (table, after) = table.split_once("</table>").unwrap();
    // The last cell of a row is the seconds.
    let rows: Vec<&str> =
        table.split("</tr>").map(|row| row.rsplit_once("<td>").map_or(row, |cells| cells.0)).collect();
    [before, middle, &rows.concat(), after].concat()
}

#[test]
fn a_resumed_run_reports_all_of_itself() {
    let parent = tempfile::tempdir().unwrap();
    let (straight, stopped) = (parent.path().join("straight"), parent.path().join("stopped"));
    let config = tiny_config("epochs = 3");
    assert_eq!(go(&mut begin(config.clone(), &straight), u64::MAX), Ended::Finished);
    assert_eq!(go(&mut begin(config, &stopped), 12), Ended::Stopped);
    assert!(report(&stopped).contains("10 of 15 steps are done"));
    assert_eq!(go(&mut resume(&stopped).unwrap(), u64::MAX), Ended::Finished);
    assert!(report(&stopped).contains("15 of 15 steps are done"));
    assert_eq!(comparable(&stopped), comparable(&straight));
    assert_eq!(fs::read(stopped.join("best.json")).unwrap(), fs::read(straight.join("best.json")).unwrap());
    assert_eq!((events(&straight).len(), events(&stopped).len()), (1, 2));
}

#[test]
fn the_best_epoch_is_shown_and_the_latest_where_the_best_is_lost() {
    let parent = tempfile::tempdir().unwrap();
    let mut facts = begin(tiny_config("epochs = 3"), &parent.path().join("run")).facts;
    let (folder, network) = (facts.folder.clone(), facts.network.as_ref());
    let images = eval_loader(&facts.config, &facts.split.val, network, Share::WHOLE).unwrap();
    let evaluation = evaluate(network, images, |_| {}).unwrap();
    let row = |epoch: u64| Metrics {
        epoch,
        step: 5 * epoch,
        lr: 0.1,
        size: 16,
        train_loss: 2.0,
        val_loss: 2.0,
        val_top1: 0.5,
        val_top5: 0.75,
        ema: None,
        seconds: 1.0,
    };
    // The first epoch is the best, by a recorder.
    let mut epoch = |recorder: &mut Recorder, epoch: u64| {
        metrics::append(&folder.metrics(), &row(epoch)).unwrap();
        let best = Some(Best { epoch: 1, top1: 0.5, averaged: false, right: None });
        facts.state = State { epoch, step: 5 * epoch, best, ..State::default() };
        recorder.epoch(&facts, &row(epoch), &evaluation).unwrap();
        report(folder.path())
    };
    let mut recorder = Recorder::new(&folder, 0);
    for number in [1, 2] {
        assert!(epoch(&mut recorder, number).contains("by the weights of epoch 1, the best"));
    }
    // A later session finds it in the folder.
    assert!(epoch(&mut Recorder::new(&folder, 10), 3).contains("by the weights of epoch 1, the best"));
    let kept = fs::read_to_string(folder.best_evaluation()).unwrap();
    let of_another = kept.replace(r#""epoch":1"#, r#""epoch":2"#);
    let beyond = kept.replace(r#""confusion":["#, r#""confusion":[[10,0,1],"#);
    assert!(of_another != kept && beyond != kept);
    for lost in ["", "{", &of_another, &beyond] {
        fs::write(folder.best_evaluation(), lost).unwrap();
        let html = epoch(&mut Recorder::new(&folder, 10), 3);
        assert!(html.contains("by the weights of epoch 3.") && html.contains("details below are of epoch 3"), "{lost}");
    }
}

#[test]
fn whatever_things_are_called_the_page_stays_a_page() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("<i>run & 'more\"");
    let config = tiny_config("epochs = 1\nmodel = \"<script>alert(1)</script>\"");
    let Split { train, val, val_fraction, ignored } = few_digits(&config);
    let names: Vec<String> = (0..10).map(|class| format!("</td><script>\"'&{class}")).collect();
    let [train, val]: [Arc<dyn Source>; 2] = [train, val].map(|part| Arc::new(Renamed(part, names.clone())) as _);
    let split = Split { train, val, val_fraction, ignored };
    let network = build_network(&config, &super::build_tiny, &super::tiny_spec(), 10).unwrap();
    let folder = RunFolder::create(Some(&path), "tiny").unwrap();
    let mut trainer = Trainer::begin(config, folder, split, network).unwrap().with_command("effnet <train>");
    go(&mut trainer, u64::MAX);
    let html = report(&path);
    for foreign in ["<script", "<i>", "<u>", "<train>", "</td><script"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    assert!(html.contains("&lt;/td&gt;&lt;script&gt;&quot;"));
    // The command is one that a shell takes back apart.
    let command = html.split_once("<pre class=\"command\"><code>").unwrap().1.split_once("</code>").unwrap().0;
    assert!(command.starts_with("effnet &lt;train&gt; --config '"), "{command}");
}

#[test]
fn a_picture_that_is_gone_ends_no_run() {
    /// Validation images that vanish after a time.
    struct Gone(Arc<dyn Source>, std::sync::atomic::AtomicUsize);
    impl Source for Gone {
        fn classes(&self) -> &[String] {
            self.0.classes()
        }
        fn len(&self) -> usize {
            self.0.len()
        }
        fn label(&self, index: usize) -> usize {
            self.0.label(index)
        }
        fn name(&self, index: usize) -> String {
            self.0.name(index)
        }
        fn read(&self, index: usize) -> Result<Vec<u8>, DataError> {
            let reads = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if reads < self.0.len() { self.0.read(index) } else { Ok(b"no picture any more".to_vec()) }
        }
    }
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    let config = tiny_config("epochs = 1");
    let split = few_digits(&config);
    let split = Split { val: Arc::new(Gone(split.val, 0.into())), ..split };
    let network = build_network(&config, &super::build_tiny, &super::tiny_spec(), 10).unwrap();
    let folder = RunFolder::create(Some(&path), "tiny").unwrap();
    go(&mut Trainer::begin(config, folder, split, network).unwrap(), u64::MAX);
    assert!(report(&path).contains("cannot be read"));
}

#[test]
fn a_report_says_when_the_averaged_weights_are_the_best() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    // The rate makes the weights jump about, but not their average.
    let config = tiny_config("epochs = 6\nema.decay = 0.9\noptimizer.lr = 0.05\nschedule.kind = \"constant\"");
    let mut trainer = begin(config, &path);
    assert_eq!(go(&mut trainer, u64::MAX), Ended::Finished);
    let best = trainer.facts().state.best.unwrap();
    assert!(best.averaged, "the test needs an average that is best");
    let page = report(&path);
    assert!(page.contains(&format!("in epoch {}, by the averaged weights", best.epoch)));
    assert!(page.contains(&format!("by the averaged weights of epoch {}, the best", best.epoch)));
    assert!(page.contains("EMA top-1") && page.contains("<th scope=\"col\">EMA loss</th>"));
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(path.join("best.json")).unwrap()).unwrap();
    assert_eq!(kept["evaluation"]["top1"].as_f64(), Some(best.top1));
}
