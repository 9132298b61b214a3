//! A node's settings.

use super::super::message::{AttributeProto, NodeProto};

/// A node, asked for its settings.
pub(super) struct Attributes<'a>(pub(super) &'a NodeProto);

impl<'a> Attributes<'a> {
    fn find(&self, name: &str) -> Option<&'a AttributeProto> {
        self.0.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// A number, or its default.
    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.find(name).and_then(|attribute| attribute.f).unwrap_or(default)
    }

    /// A count, or its default.
    pub(super) fn int(&self, name: &str, default: usize) -> usize {
        self.find(name).and_then(|attribute| attribute.i).map_or(default, |value| value as usize)
    }

    /// Counts; none where the node does not say them.
    pub(super) fn ints(&self, name: &str) -> Vec<usize> {
        let ints = self.find(name).map(|attribute| attribute.ints.iter().map(|value| *value as usize).collect());
        ints.unwrap_or_default()
    }

    /// Whether a setting has this text.
    pub(super) fn is(&self, name: &str, text: &str) -> bool {
        self.find(name).and_then(|attribute| attribute.s.as_ref()).is_some_and(|found| found == text.as_bytes())
    }
}
