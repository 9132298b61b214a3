//! What is printed, and how.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use crate::sentence::sentence;

/// Prints a line. A reader that has gone away (`train | head`) is no reason to stop a run.
pub(super) fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line on standard error.
pub(super) fn warn(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints an error on standard error, what caused it behind a colon. Where standard error is closed, nobody misses it.
pub fn error(error: &(dyn Error + 'static)) {
    warn(format_args!("error: {}", error_text(error)));
}

/// An error as a sentence, what caused it behind a colon, whatever `RUST_BACKTRACE` is.
pub fn error_text(error: &(dyn Error + 'static)) -> String {
    let text = |error: &(dyn Error + 'static)| error.downcast_ref().map_or_else(|| error.to_string(), sentence);
    std::iter::successors(Some(error), |&error| error.source()).map(text).collect::<Vec<_>>().join(": ")
}

/// `1 h 02 min`, `3 min 20 s` or `4.5 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{} min {:02} s", s as u64 / 60, s as u64 % 60),
        s => format!("{} h {:02} min", s as u64 / 3600, s as u64 % 3600 / 60),
    }
}

/// `812 MiB` or `1.4 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    let mib = bytes as f64 / (1 << 20) as f64;
    if mib < 1000.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

/// `1,437`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A path as a shell takes it; one that is not UTF-8 as Bash, Zsh and Ksh do.
pub fn shell(path: &std::path::Path) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    match path.to_str() {
        Some(text) if text.chars().all(plain) => text.to_owned(),
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        None => {
            let bytes = path.as_os_str().as_encoded_bytes().iter();
            let escaped = bytes
                .map(|&byte| if plain(byte as char) { (byte as char).to_string() } else { format!(r"\x{byte:02x}") });
            format!("$'{}'", escaped.collect::<String>())
        }
    }
}

/// The program's name, as a shell takes it.
pub(super) fn program() -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    shell(std::path::Path::new(&program).file_name().unwrap_or("train".as_ref()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(duration(Duration::from_millis(4_520)), "4.5 s");
        assert_eq!(duration(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(duration(Duration::from_secs(3_725)), "1 h 02 min");
        assert_eq!(bytes(812 << 20), "812 MiB");
        assert_eq!(bytes(1_434 << 20), "1.4 GiB");
        assert_eq!([0, 999, 1_437, 7_139_704].map(count), ["0", "999", "1,437", "7,139,704"]);
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(shell("runs/b0-1/3.png".as_ref()), "runs/b0-1/3.png");
        assert_eq!(shell("my images/it's.png".as_ref()), r"'my images/it'\''s.png'");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let path = std::ffi::OsStr::from_bytes(b"my caf\xe9/a.png");
            assert_eq!(shell(path.as_ref()), r"$'my\x20caf\xe9/a.png'");
        }
    }
}
