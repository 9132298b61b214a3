//! Decisions that all ranks share.

use super::super::error::Result;
use crate::collective::{self, Collective};

/// Whether any rank says so.
///
/// # Errors
/// When the group fails.
pub(in crate::train) fn any(ranks: &dyn Collective, own: bool) -> Result<bool> {
    Ok(ranks.gather(vec![u8::from(own)])?.iter().any(|said| said == &[1]))
}

/// What a rank's own work has come to, once all ranks have done theirs: where one has failed, all do. The failure is the
/// rank's own, or that of the first that has one.
///
/// # Errors
/// When a rank's work has failed, or the group.
pub(crate) fn together<T>(ranks: &dyn Collective, done: Result<T>) -> Result<T> {
    if ranks.size() == 1 {
        return done;
    }
    let said = done.as_ref().err().map(ToString::to_string).unwrap_or_default();
    let all = ranks.gather(said.into_bytes())?;
    let value = done?;
    match all.iter().position(|reason| !reason.is_empty()) {
        Some(rank) => {
            let reason = String::from_utf8_lossy(&all[rank]).into_owned();
            Err(collective::Error::Aborted { rank, reason }.into())
        }
        None => Ok(value),
    }
}
