//! The one list of what is served.

use super::{Dialect, Surface};

/// Every surface. Order decides nothing: prefixes do not overlap.
pub static SURFACES: &[&Surface] = &[];

/// Every dialect, by [`Dialect::index`].
pub static DIALECTS: &[&Dialect] = &[];
