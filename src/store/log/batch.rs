//! Records on their way from the log to the core that they are for: places in a block of the log's bytes, which the cores share.

use super::Entry;
use super::decode::decode_again;
use crate::model::record::RecordView;
use std::sync::Arc;

/// Some records of one block, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    block: Arc<Vec<u8>>,
    places: Vec<usize>,
}

impl Batch {
    /// The records that were found at these places of a block.
    pub(super) fn new(block: Arc<Vec<u8>>, places: Vec<usize>) -> Self {
        Self { block, places }
    }

    /// The records.
    pub fn records(&self) -> impl Iterator<Item = RecordView<'_>> {
        self.places.iter().filter_map(|place| match decode_again(self.block.get(*place..)?) {
            Some(Entry::History(record)) => Some(record),
            _ => None,
        })
    }
}
