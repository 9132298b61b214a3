use std::sync::Arc;

use super::Source;
use super::files::Files;
use super::layout::Item;
use crate::data::error::Error;

/// Some files of a folder, tar or list, with their labels.
pub(super) struct Listed {
    pub(super) files: Arc<dyn Files>,
    pub(super) classes: Arc<[String]>,
    pub(super) items: Vec<Item>,
}

impl Source for Listed {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn label(&self, index: usize) -> usize {
        self.items[index].label
    }

    fn name(&self, index: usize) -> String {
        self.files.name(&self.items[index].path)
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        self.files.read(&self.items[index].path)
    }
}
