//! Threads, environment variables, logs and paths that a machine gives a program.

use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;

use crate::support::{RUN, effnet, fail, folder, misuse, succeed, succeed_json, write_digits};

/// How long a command may take to refuse: one that hangs is ended.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of each command, with what it needs to succeed.
fn commands(folder: &Path) -> Vec<(&'static str, Command)> {
    let weights = RUN.weights();
    let weights = weights.to_str().expect("UTF-8");
    let (image, data) = (RUN.image(), RUN.data());
    let (image, data) = (image.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    let of = |args: &[&str]| {
        let mut command = effnet(folder);
        command.args(args).timeout(PATIENCE);
        command
    };
    vec![
        ("train", of(&["train", "--table", "tiny.table", "--data", data, "--epochs", "1", "--output", "run"])),
        ("eval", of(&["eval", "--weights", weights, "--data", data])),
        ("predict", of(&["predict", "--weights", weights, image])),
        ("bench", of(&["bench", "--table", "tiny.table", "--size", "32", "--runs", "1"])),
        ("check", of(&["check", data])),
        ("summary", of(&["summary", "--table", "tiny.table"])),
    ]
}

#[test]
fn a_variable_that_means_nothing_is_refused_before_the_work() {
    let folder = folder();
    for (variable, values, legal) in [
        ("EFFNET_THREADS", &["abc", "0", "-1", "1.5", "1025", "99999", ""][..], "a number of threads from 1 to 1024"),
        ("EFFNET_SIMD", &["avx9", "AVX2", ""], "a level that this machine has (portable"),
        ("EFFNET_CUDNN", &["maybe", ""], "on or off"),
    ] {
        for (at, value) in values.iter().enumerate() {
            for (name, mut command) in commands(folder.path()) {
                // Every command by the first value of a variable, one by the others.
                if at == 0 || name == "predict" {
                    let what = format!("the environment variable {variable} is `{value}`: set it to {legal}");
                    fail(command.env(variable, value), &[&what, ", or unset it"]);
                }
            }
        }
    }
    assert!(!folder.path().join("run").exists(), "a run that cannot begin leaves no folder");
}

#[test]
fn threads_are_what_the_variable_says_and_a_flag_is_stronger() {
    let folder = folder();
    let bench = |args: &[&str]| {
        let mut command = effnet(folder.path());
        command.args(["bench", "--table", "tiny.table", "--size", "32", "--runs", "1", "--json"]).args(args);
        succeed_json(command.env("EFFNET_THREADS", "3"))["threads"].clone()
    };
    assert_eq!((bench(&[]), bench(&["--threads", "2"])), (3.into(), 2.into()));
    write_digits(&folder.path().join("data"), 2, 5);
    for (output, args, threads) in [("three", &[][..], 3), ("two", &["--threads", "2"], 2)] {
        let mut command = effnet(folder.path());
        command.args(["train", "--table", "tiny.table", "--data", "data", "--epochs", "1", "--size", "32", "--quiet"]);
        succeed(command.args(["--output", output]).args(args).env("EFFNET_THREADS", "3"));
        let config = fs::read_to_string(folder.path().join(output).join("config.toml")).expect("config.toml");
        assert!(config.contains(&format!("\nthreads = {threads}\n")), "{config}");
    }
}

#[test]
fn counts_of_threads_are_from_1_to_1024() {
    let folder = folder();
    for value in ["0", "1025", "99999", "-1", "many"] {
        for (name, mut command) in commands(folder.path()) {
            match name {
                "summary" => {}
                // There, a flag is a setting, as one of a file is.
                "train" => {
                    for (flag, key) in
                        [("--threads=", "compute.threads"), ("--loader-threads=", "compute.loader_threads")]
                    {
                        let mut command = effnet(folder.path());
                        command.args(["train", "--table", "tiny.table", "--output", "run"]).timeout(PATIENCE);
                        command.arg(format!("{flag}{value}"));
                        match value.parse::<u64>() {
                            Ok(_) => fail(&mut command, &[&format!("{key} = {value}: it must be at ")]),
                            Err(_) => misuse(&mut command, &[flag.trim_end_matches('=')]),
                        }
                    }
                }
                _ => misuse(command.arg(format!("--threads={value}")), &["--threads"]),
            }
        }
    }
    assert!(!folder.path().join("run").exists());
}

/// Stacks of 1,024 threads take 2 GiB of addresses, more than the process may have.
#[cfg(target_os = "linux")]
#[test]
fn a_system_that_starts_fewer_threads_gets_a_pool_of_these() {
    let folder = folder();
    let program = env!("CARGO_BIN_EXE_effnet");
    let bench = format!("ulimit -v 2000000; exec '{program}' bench --table tiny.table --size 32 --runs 1 --json");
    let mut command = Command::new("bash");
    command.current_dir(folder.path()).args(["-c", &bench]).timeout(PATIENCE);
    // What else takes threads or addresses in proportion to the machine's cores.
    command.env("RAYON_NUM_THREADS", "1").env("MALLOC_ARENA_MAX", "1").env("EFFNET_THREADS", "1024");
    let threads = succeed_json(&mut command)["threads"].as_u64();
    assert!(threads >= Some(1) && threads < Some(1024), "{threads:?}");
}

/// Inputs that fail in every part of the program, candle among them, whose errors carry a backtrace where one is asked
/// for.
#[test]
fn a_backtrace_that_is_asked_for_changes_no_message() {
    let folder = folder();
    fs::write(folder.path().join("zero.png"), "").expect("written");
    fs::write(folder.path().join("empty.safetensors"), "").expect("written");
    let whole = fs::read(RUN.weights()).expect("read");
    fs::write(folder.path().join("cut.safetensors"), &whole[..whole.len() / 2]).expect("written");
    let (floats, integers) = (br#""dtype":"F32""#, br#""dtype":"I32""#);
    let first = whole.windows(floats.len()).position(|part| part == floats).expect("a header");
    let integers = [&whole[..first], integers, &whole[first + floats.len()..]].concat();
    fs::write(folder.path().join("integers.safetensors"), integers).expect("written");
    // A torch checkpoint without a pickle.
    fs::write(folder.path().join("none.pth"), b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").expect("written");
    let (weights, image) = (RUN.weights(), RUN.image());
    let (weights, image) = (weights.to_str().expect("UTF-8"), image.to_str().expect("UTF-8"));
    let cases: [&[&str]; 13] = [
        // These errors come through candle.
        &["predict", "--weights", "integers.safetensors", image],
        &["eval", "--weights", "integers.safetensors", "--data", "tiny.table"],
        &["bench", "--table", "tiny.table", "--mode", "train", "--size", "8"],
        &["predict", "--weights", "empty.safetensors", image],
        &["predict", "--weights", "cut.safetensors", image],
        &["predict", "--weights", "none.pth", "--table", "tiny.table", image],
        &["predict", "--weights", weights, "--table", "other.table", image],
        &["predict", "--weights", weights, "zero.png"],
        &["predict", "--weights", weights, "zero.png", "none.png", image],
        &["predict", "--weights", weights, "--size", "0", image],
        &["eval", "--weights", weights, "--data", "nowhere"],
        &["train", "--table", "tiny.table", "--data", "nowhere", "--output", "run"],
        &["summary", "--table", "none.table"],
    ];
    fs::write(folder.path().join("other.table"), "[1, 3, 1, 1, 8, 8, fused, 0]").expect("written");
    for args in cases {
        let stderr = |backtrace: Option<&str>| {
            let mut command = effnet(folder.path());
            command.args(args).env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE").timeout(PATIENCE);
            if let Some(value) = backtrace {
                command.env("RUST_BACKTRACE", value);
            }
            String::from_utf8(command.assert().code(1).get_output().stderr.clone()).expect("UTF-8")
        };
        let plain = stderr(None);
        assert!(plain.trim_end().lines().last().is_some_and(|line| line.starts_with("error: ")), "{args:?}: {plain}");
        for value in ["1", "full"] {
            assert_eq!(stderr(Some(value)), plain, "{args:?}");
        }
    }
}

#[test]
fn nothing_that_is_redirected_holds_escape_codes() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 5);
    let train = ["train", "--table", "tiny.table", "--data", "data", "--size", "32", "--epochs", "1", "-vv"];
    for args in [&train[..], &["--help"], &["train", "--epoch", "3"], &["summary", "--table", "none.table"]] {
        let output = effnet(folder.path()).args(args).env_remove("NO_COLOR").output().expect("it runs");
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains(&0x1b), "{args:?}: {}", String::from_utf8_lossy(text));
        }
        let has_log = String::from_utf8_lossy(&output.stderr).contains("CPU kernels run at level");
        assert_eq!(has_log, args.contains(&"-vv"), "{args:?}");
    }
}

/// File systems of Linux take any bytes.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_utf_8_works_in_text_and_json() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = folder();
    let name = OsStr::from_bytes(b"caf\xe9");
    let place = folder.path().join(name);
    fs::create_dir(&place).expect("created");
    write_digits(&folder.path().join("data"), 2, 20);
    fs::copy(RUN.image(), place.join("a.png")).expect("copied");
    fs::copy(RUN.weights(), place.join("w.safetensors")).expect("copied");
    fs::copy(folder.path().join("tiny.table"), place.join("tiny.table")).expect("copied");
    fs::rename(folder.path().join("data"), place.join("data")).expect("moved");
    let below = |file: &str| Path::new(name).join(file);
    let (weights, data, table) = (below("w.safetensors"), below("data"), below("tiny.table"));

    let command = |args: &[&str]| {
        let mut command = effnet(folder.path());
        command.args(args);
        command
    };
    for json in [&[][..], &["--json"]] {
        let text = succeed(command(&["predict"]).args(json).arg("--weights").arg(&weights).arg(below("a.png")));
        assert!(text.contains("caf\u{fffd}/a.png"), "{text}");
        succeed(command(&["eval"]).args(json).arg("--weights").arg(&weights).arg("--data").arg(&data));
        succeed(command(&["check"]).args(json).arg(&data));
        succeed(command(&["bench", "--size", "32", "--runs", "1"]).args(json).arg("--table").arg(&table));
        succeed(command(&["bench", "--mode", "load", "--runs", "1"]).args(json).arg("--data").arg(&data));
        succeed(command(&["summary"]).args(json).arg("--table").arg(&table));
    }
    // The run's own folder; the images' path stands in its settings, which are text.
    let train = |json: bool, output: &Path| {
        let mut command = command(&["train", "--epochs", "1", "--size", "32", "--batch", "8"]);
        command.args(json.then_some("--json")).arg("--output").arg(output).arg("--table").arg(&table);
        command
    };
    let plain = folder.path().join("images");
    fs::rename(folder.path().join(&data), &plain).expect("moved");
    for (json, output) in [(false, below("text")), (true, below("json"))] {
        let text = succeed(train(json, &output).arg("--data").arg(&plain));
        assert!(text.contains("caf\u{fffd}"), "{text}");
        assert!(folder.path().join(&output).join("checkpoints/best.safetensors").exists());
        succeed(train(json, &output).arg("--resume"));
    }
    fs::rename(&plain, folder.path().join(&data)).expect("moved");
    fail(train(true, &below("none")).arg("--data").arg(&data), &["caf\u{fffd}/data` is not UTF-8: rename it"]);
}
