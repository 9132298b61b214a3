//! Texts of candle's errors, as a person reads them.

use candle_core::Error;

/// The text of an error without the backtraces that candle writes into it where `RUST_BACKTRACE` is set, and on one
/// line.
pub(crate) fn sentence(error: &Error) -> String {
    match error {
        Error::WithBacktrace { inner, .. } => sentence(inner),
        Error::WithPath { inner, path } => format!("{}: {}", path.display(), sentence(inner)),
        Error::Context { inner, context } => format!("{context}: {}", sentence(inner)),
        Error::WrappedContext { wrapped, context } => {
            let wrapped = wrapped.downcast_ref::<Error>().map_or_else(|| wrapped.to_string(), sentence);
            format!("{context}: {wrapped}")
        }
        Error::Cuda(inner) => inner.downcast_ref::<Error>().map_or_else(|| inner.to_string(), sentence),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use super::*;

    /// The error as `Error::bt` makes it where `RUST_BACKTRACE` is set.
    fn traced(inner: Error) -> Error {
        Error::WithBacktrace { inner: Box::new(inner), backtrace: Box::new(Backtrace::force_capture()) }
    }

    #[test]
    fn no_backtrace_is_left_however_deep_it_lies() {
        let message = || Error::Msg("no such tensor".to_owned());
        let wrapped = |error: Error| Error::WrappedContext { wrapped: Box::new(error), context: "a file".to_owned() };
        let cases = [
            (traced(message()), "no such tensor"),
            (traced(traced(message())), "no such tensor"),
            (traced(message()).with_path("w.pth"), "w.pth: no such tensor"),
            (traced(traced(message()).with_path("w.pth")), "w.pth: no such tensor"),
            (traced(traced(message()).context("while loading")), "while loading: no such tensor"),
            (traced(wrapped(traced(message()))), "a file: no such tensor"),
            (traced(Error::Cuda(Box::new(traced(message())))), "no such tensor"),
            (message(), "no such tensor"),
        ];
        for (error, wanted) in cases {
            assert_eq!(sentence(&error), wanted);
        }
    }

    /// Errors of this crate that hold one of candle's say what it says, and hold no second copy of it as their cause.
    #[test]
    fn errors_of_this_crate_carry_no_backtrace_in_their_text() {
        let candle = || traced(Error::Msg("no such tensor".to_owned()));
        let weights: Box<dyn std::error::Error> = Box::new(crate::weights::Error::from(candle()));
        let mut errors = vec![weights];
        #[cfg(feature = "train")]
        {
            errors.push(Box::new(crate::data::Error::from(candle())));
            errors.push(Box::new(crate::train::Error::from(candle())));
            errors.push(Box::new(crate::train::Error::from(crate::data::Error::from(candle()))));
            errors.push(Box::new(crate::train::Error::from(crate::weights::Error::from(candle()))));
        }
        errors.push(Box::new(Error::wrap(crate::weights::Error::from(candle()))));
        for error in errors {
            let text = error.downcast_ref::<Error>().map_or_else(|| error.to_string(), sentence);
            assert_eq!(text, "no such tensor");
            assert!(error.source().is_none(), "{error:?}");
        }
    }
}
