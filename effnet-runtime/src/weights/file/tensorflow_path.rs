//! The index of TensorFlow's checkpoint, by any of the paths that TensorFlow's users know it by.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest list of checkpoints to read.
const MAX_LIST: u64 = 1 << 16;

/// The path of the index that a path means: itself; or the index of the prefix `NAME` or of its `.data-?????-of-?????`; or of
/// the newest checkpoint in a folder, which TensorFlow's file `checkpoint` names. Any other path stays as it is.
pub(super) fn index_of(path: &Path) -> PathBuf {
    index_beside(path).filter(|index| index.is_file()).unwrap_or_else(|| path.to_path_buf())
}

fn index_beside(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        let mut list = String::new();
        File::open(path.join("checkpoint")).ok()?.take(MAX_LIST).read_to_string(&mut list).ok()?;
        let newest =
            list.lines().find_map(|line| line.strip_prefix("model_checkpoint_path:"))?.trim().trim_matches('"');
        // A folder that was moved has the path from before in it.
        let moved = Path::new(newest).file_name()?;
        return [path.join(newest), path.join(moved)]
            .iter()
            .map(|prefix| appended(prefix))
            .find(|index| index.is_file());
    }
    let name = path.file_name()?.to_str()?;
    match name.rsplit_once(".data-") {
        Some((name, shard)) if shard.contains("-of-") => Some(appended(&path.with_file_name(name))),
        _ if path.exists() => None,
        _ => Some(appended(path)),
    }
}

/// The index of a prefix.
fn appended(prefix: &Path) -> PathBuf {
    let mut index = prefix.as_os_str().to_owned();
    index.push(".index");
    index.into()
}
