//! Decisions that all ranks share.

use super::super::error::Result;
use crate::collective::Collective;

/// Whether any rank says so.
///
/// # Errors
/// When the group fails.
pub(in crate::train) fn any(ranks: &dyn Collective, own: bool) -> Result<bool> {
    Ok(ranks.gather(vec![u8::from(own)])?.iter().any(|said| said == &[1]))
}
