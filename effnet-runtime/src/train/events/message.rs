//! Messages of an event file, as far as scalars need them: field numbers are from `event.proto` and `summary.proto`.

use prost::Message;

/// One event: what happened at a step, in one of the last three fields.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub(super) wall_time: f64,
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(string, optional, tag = "3")]
    pub(super) file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub(super) summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    pub(super) session_log: Option<SessionLog>,
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
    /// A number of the enumeration `SessionStatus`, such as [`START`].
    #[prost(int32, tag = "1")]
    pub(super) status: i32,
}

/// A session has started.
pub(super) const START: i32 = 1;
