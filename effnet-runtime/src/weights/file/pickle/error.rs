//! Why a pickle could not be read.

use super::limits::{PROTOCOL, VALUES};

/// A clause about a pickle, for a sentence that names the file. `at` is the offset of the instruction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum PickleError {
    /// A protocol of a future Python.
    #[error(
        "it was saved with pickle protocol {0}, and effnet reads protocols up to {PROTOCOL}; save it again with \
         `torch.save(state_dict, path, pickle_protocol=2)`"
    )]
    Protocol(u8),
    /// An unknown instruction.
    #[error("its pickle has an unknown op-code, {code:#04x}, at byte {at}")]
    UnknownOp { code: u8, at: usize },
    /// An instruction that refers to something outside the pickle.
    #[error(
        "its pickle refers to something outside the file (op-code {name} at byte {at}), as `torch.save` never does"
    )]
    Outside { name: &'static str, at: usize },
    /// A pickle without an end.
    #[error("its pickle ends too early")]
    Short,
    /// An instruction that does not fit the values built before.
    #[error("its pickle makes no sense at byte {at}: {what}")]
    Nonsense { at: usize, what: &'static str },
    /// More than a state dict may hold.
    #[error("its pickle holds more than {VALUES} values: far more than tensors under names need")]
    TooLarge,
}
