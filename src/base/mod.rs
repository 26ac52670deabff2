//! Floor 0: agendas, parts of long things, ids, hosts, archives, time, hashing, case, the form of JSON, ledgers, limits, lists, rings, secrets, slabs, the
//! timing wheel. Knows nothing of the broker.

pub mod address;
pub mod agenda;
pub mod archive;
pub mod bucket;
pub mod byte_range;
pub mod chunked;
pub mod few;
pub mod fold;
pub mod hash;
pub mod heap;
pub mod host;
pub mod ids;
pub mod index;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod list;
pub mod pool;
pub mod ring;
pub mod secret;
pub mod slab;
pub mod split;
pub mod time;
pub mod wheel;
