//! Records and what is done to them.

/// Where records of one kind are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Table {
    /// Channel definitions, by id.
    Definitions,
    /// Room records, by channel.
    Rooms,
    /// Numbers that only rise, by name.
    Counters,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 3] = [Self::Definitions, Self::Rooms, Self::Counters];

    /// Its name on the disk; never changed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Definitions => "definitions",
            Self::Rooms => "rooms",
            Self::Counters => "counters",
        }
    }
}

/// One record as it is on the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Where it is.
    pub table: Table,
    /// What it is found by.
    pub key: Vec<u8>,
    /// What it says; see [`super::format`].
    pub value: Vec<u8>,
}

/// What becomes of one record. Writes of one change are done together or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// Where it is.
    pub table: Table,
    /// What it is found by.
    pub key: Vec<u8>,
    /// What it says from now on; `None` deletes it.
    pub value: Option<Vec<u8>>,
}
