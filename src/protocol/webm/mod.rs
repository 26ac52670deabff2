//! WebM (RFC 9559, and what webmproject.org leaves of it): a file of several tracks that is appended to while it grows, so
//! that it plays at every moment, and that is completed in place when it ends.
//!
//! ```text
//! EBML | Segment, of unknown size
//!   SeekHead   reserved, filled in at the end
//!   Info       its duration is filled in at the end
//!   Tracks     written anew, in its place, whenever a track comes
//!   Cluster …  appended, each whole
//!   Cues       appended at the end
//! ```
//!
//! Nothing here writes: every step says which bytes go where ([`Piece`]).

mod ebml;
mod picture;
mod scan;
#[cfg(test)]
mod tests;
mod track;
mod writer;

pub use picture::{Picture, is_key_frame, picture};
pub use scan::{ClusterSeen, next_cluster, read_duration_ms, read_tracks};
pub use track::{Codec, Track};
pub use writer::{Block, CLUSTER_BYTES_MAX, FIRST_CLUSTER, FRAME_BYTES_MAX, Piece, Writer};
