//! What others in a realm are shown of a client, as its credentials say.

/// What others are shown of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// One JSON object.
    pub extras: String,
    /// Table of the record that the client is; 0 for a guest.
    pub table: u64,
    /// Row of the record that the client is; 0 for a guest, and where it is not known.
    pub row: u64,
}

/// The table of users whose credentials name none.
pub(super) const USER_TABLE: u64 = 1;

impl Shown {
    /// Of somebody who proved nothing.
    pub fn of_guest() -> Self {
        Self { extras: "{}".into(), table: 0, row: 0 }
    }

    /// Of a user whose credentials say nothing more.
    pub fn of_user(user: &str) -> Self {
        Self { extras: "{}".into(), table: USER_TABLE, row: row_of(user) }
    }
}

/// The row of a user: its id, where that is a number.
fn row_of(user: &str) -> u64 {
    user.parse().unwrap_or(0)
}
