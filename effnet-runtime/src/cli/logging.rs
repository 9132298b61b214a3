//! Logs, for those who ask for them.

use tracing::level_filters::LevelFilter;

/// Sends this process's logs to stderr: warnings, with `-v` what happens, with `-vv` details. A second call changes
/// nothing.
pub fn init(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // An error says that somebody has set up logging already, and may keep it.
    let _ = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false).try_init();
}
