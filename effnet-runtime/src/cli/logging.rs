//! Logs, for those who ask for them.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

/// Sends this process's logs to stderr: warnings, with `-v` what happens, with `-vv` details; in colour on a terminal, where
/// `NO_COLOR` does not forbid it. A second call changes nothing.
pub fn init(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let is_forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let logs = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // An error says that somebody has set up logging already, and may keep it.
    let _ = logs.with_ansi(std::io::stderr().is_terminal() && !is_forbidden).try_init();
}
