//! Images that any rank has left out, for rank 0 to report.

use std::io;

use serde::{Deserialize, Serialize};

use super::super::error::Result;
use crate::collective::Collective;
use crate::data::{BadFile, Error};

#[derive(Serialize, Deserialize)]
enum Said {
    Unreadable { sample: usize, name: String, reason: String },
    NoImage { sample: usize, name: String, reason: String },
}

/// The bad files of all ranks, in the order of the ranks.
///
/// # Errors
/// When the group fails.
pub(in crate::train) fn bad_files(ranks: &dyn Collective, own: &[BadFile]) -> Result<Vec<BadFile>> {
    let said = own.iter().filter_map(|BadFile { sample, error }| match error {
        Error::File { name, reason } => {
            Some(Said::Unreadable { sample: *sample, name: name.clone(), reason: reason.to_string() })
        }
        Error::Image { name, reason } => {
            Some(Said::NoImage { sample: *sample, name: name.clone(), reason: reason.clone() })
        }
        // Nothing else is left out.
        _ => None,
    });
    let files = all(ranks, said.collect())?.into_iter().map(|said| match said {
        Said::Unreadable { sample, name, reason } => {
            BadFile { sample, error: Error::File { name, reason: io::Error::other(reason) } }
        }
        Said::NoImage { sample, name, reason } => BadFile { sample, error: Error::Image { name, reason } },
    });
    Ok(files.collect())
}

/// The names that all ranks have, in the order of the ranks.
///
/// # Errors
/// When the group fails.
pub(in crate::train) fn names(ranks: &dyn Collective, own: Vec<String>) -> Result<Vec<String>> {
    all(ranks, own)
}

fn all<T: Serialize + for<'de> Deserialize<'de>>(ranks: &dyn Collective, own: Vec<T>) -> Result<Vec<T>> {
    if ranks.size() == 1 {
        return Ok(own);
    }
    let message = serde_json::to_vec(&own).map_err(candle_core::Error::wrap)?;
    let mut together = Vec::new();
    for message in ranks.gather(message)? {
        together.extend(serde_json::from_slice::<Vec<T>>(&message).map_err(candle_core::Error::wrap)?);
    }
    Ok(together)
}
