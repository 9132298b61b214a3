//! Reading text files, and writing figures and paths for people.

use std::io;
use std::path::Path;
use std::time::Duration;

use effnet_spec::thousands;

/// Reads a text file, without the byte order mark that editors on Windows put in front.
///
/// # Errors
/// If the file can't be read, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = std::fs::read(path)?;
    let text = text(&bytes).map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, format!("it {reason}")))?;
    Ok(text.to_owned())
}

/// Decodes a file's bytes as UTF-8, without a byte order mark.
///
/// # Errors
/// The rest of a sentence that begins with the file: what is wrong and what to do.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, &'static str> {
    std::str::from_utf8(without_mark(bytes)?).map_err(|_| "is not UTF-8: save it as UTF-8")
}

/// Strips a byte order mark.
///
/// # Errors
/// When the mark is UTF-16's; the message continues the sentence as [`text`]'s does.
pub(crate) fn without_mark(bytes: &[u8]) -> Result<&[u8], &'static str> {
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Ok(text),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err("is UTF-16: save it as UTF-8"),
        text => Ok(text),
    }
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
pub(crate) fn bytes(bytes: u64) -> String {
    let mib = bytes as f64 / (1 << 20) as f64;
    if mib < 1000.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

/// A number of things, with the word for one of them: `1 trial`, `2 trials`.
pub fn many(number: u64, word: &str) -> String {
    format!("{} {word}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// Quotes a path for a shell; a path that is not UTF-8 is quoted for Bash, Zsh and Ksh.
#[cfg(not(windows))]
pub fn shell(path: &Path) -> String {
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

/// Quotes a path for cmd.exe and PowerShell; no path holds the quote itself.
#[cfg(windows)]
pub fn shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || r"\/._-+:".contains(c);
    if text.chars().all(plain) { text.into_owned() } else { format!("\"{text}\"") }
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
        assert_eq!([many(1, "trial"), many(1_200, "trial")], ["1 trial", "1,200 trials"]);
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(shell("runs/b0-1/3.png".as_ref()), "runs/b0-1/3.png");
        #[cfg(windows)]
        {
            assert_eq!(shell(r"runs\b0-1\3.png".as_ref()), r"runs\b0-1\3.png");
            assert_eq!(shell(r"my images\it's.png".as_ref()), r#""my images\it's.png""#);
        }
        #[cfg(not(windows))]
        assert_eq!(shell("my images/it's.png".as_ref()), r"'my images/it'\''s.png'");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let path = std::ffi::OsStr::from_bytes(b"my caf\xe9/a.png");
            assert_eq!(shell(path.as_ref()), r"$'my\x20caf\xe9/a.png'");
        }
    }
}
