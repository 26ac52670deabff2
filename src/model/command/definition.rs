//! Commands about channel definitions.

use super::Page;
use crate::model::definition::{DefinitionDraft, DefinitionFilter};

/// What a client asks of the channel definitions of a realm. What changes one is answered when it is stored and every
/// core acts on it.
#[derive(Clone, PartialEq, Debug)]
pub enum DefinitionCommand {
    /// Define a channel.
    Create {
        /// The realm.
        realm: u64,
        /// The definition.
        draft: Box<DefinitionDraft>,
    },
    /// Replace a definition.
    Update {
        /// The realm.
        realm: u64,
        /// The definition's id.
        id: u64,
        /// The whole definition.
        draft: Box<DefinitionDraft>,
    },
    /// Delete a definition, with what its channels keep; their subscribers are disconnected.
    Delete {
        /// The realm.
        realm: u64,
        /// The definition's id.
        id: u64,
    },
    /// A definition.
    Get {
        /// The realm.
        realm: u64,
        /// The definition's id.
        id: u64,
    },
    /// The definitions of a realm.
    List {
        /// The realm.
        realm: u64,
        /// Which, and in which order.
        filter: DefinitionFilter,
        /// Which slice.
        page: Page,
        /// Whether the answer shows the authors' texts.
        with_source: bool,
    },
}
