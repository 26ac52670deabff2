//! Slices of lists.

/// A slice of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// Page number, from 1.
    pub number: u32,
    /// Items on a page, at least 1.
    pub size: u32,
}

impl Page {
    /// Items before this page.
    pub fn skip(self) -> usize {
        (self.number.saturating_sub(1) as usize).saturating_mul(self.size as usize)
    }
}
