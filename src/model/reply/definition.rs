//! What is answered about the channel definitions of a realm.

use crate::model::command::Page;
use crate::model::definition::DefinitionRecord;
use std::sync::Arc;

/// The answer to a [`DefinitionCommand`](crate::model::command::DefinitionCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum DefinitionReply {
    /// To `CreateDefinition`, `UpdateDefinition`, `GetDefinition`.
    One(Arc<DefinitionRecord>),
    /// To `DeleteDefinition`.
    Deleted,
    /// To `ListDefinitions`.
    Page {
        /// The slice.
        items: Vec<Arc<DefinitionRecord>>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Definitions in the whole list.
        total: u64,
        /// Whether the authors' texts are shown.
        with_source: bool,
    },
}
