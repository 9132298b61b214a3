//! Messages of an event file, as far as scalars need them: field numbers are from `event.proto` and `summary.proto`.

use prost::{Enumeration, Message, Oneof};

/// One event: what happened at a step.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub(super) wall_time: f64,
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    pub(super) what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

/// Numbers with their tags.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub(super) values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, tag = "1")]
    pub(super) tag: String,
    /// The scalar variant of a `oneof`, which is present even for 0.
    #[prost(float, optional, tag = "2")]
    pub(super) simple_value: Option<f32>,
}

/// Start or end of a session.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct SessionLog {
    #[prost(enumeration = "Status", tag = "1")]
    pub(super) status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub(super) enum Status {
    Unspecified = 0,
    Start = 1,
}

impl What {
    pub(super) fn of_session(status: Status) -> Self {
        Self::SessionLog(SessionLog { status: status.into() })
    }

    pub(super) fn of_scalars(scalars: &[(&str, f64)]) -> Self {
        let value = |&(tag, number): &(&str, f64)| Value { tag: tag.to_owned(), simple_value: Some(number as f32) };
        Self::Summary(Summary { values: scalars.iter().map(value).collect() })
    }
}
