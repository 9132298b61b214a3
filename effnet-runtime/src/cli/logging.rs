//! Set-up of logging.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

/// Sends this process's logs to stderr: warnings, and what is taken for true of a file that does not say it; with one
/// `-v` what happens; with two, details. Colours are for terminals, unless `NO_COLOR` is set. A second call changes nothing.
pub fn init(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let is_forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let logs = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // An error means that the caller has set up logging already; that stays.
    let _ = logs.with_ansi(std::io::stderr().is_terminal() && !is_forbidden).try_init();
}
