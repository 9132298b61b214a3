//! Work of all ranks that succeeds or fails on all of them.

use std::fmt::Display;

use super::{Collective, Error};

/// What a rank's own work has come to, once all ranks have done theirs: where one has failed, all do. The failure is the
/// rank's own, or that of the first that has one.
///
/// # Errors
/// When a rank's work has failed, or the group.
pub fn together<T, E: Display + From<Error>>(ranks: &dyn Collective, done: Result<T, E>) -> Result<T, E> {
    if ranks.size() == 1 {
        return done;
    }
    let said = done.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
    let all = match (ranks.gather(said.into_bytes()), done) {
        (_, Err(error)) => return Err(error),
        (Err(error), Ok(_)) => return Err(error.into()),
        (Ok(all), Ok(value)) => (all, value),
    };
    match all.0.iter().position(|reason| !reason.is_empty()) {
        Some(rank) => Err(Error::Aborted { rank, reason: String::from_utf8_lossy(&all.0[rank]).into_owned() }.into()),
        None => Ok(all.1),
    }
}
