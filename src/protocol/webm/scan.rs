//! A file read back, as far as it takes to complete one that was cut off.

use super::ebml::{children, id, read_head, read_size, read_uint};

/// Tracks of a file at most: there is no room for more of them.
const TRACKS_MAX: usize = 1_024;

/// What was seen of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterSeen {
    /// Bytes, with its head.
    pub length: u64,
    /// Milliseconds at which it begins.
    pub time_ms: u64,
    /// Milliseconds of its last frame.
    pub end_ms: u64,
    /// Of each track that can be played from here on, the time at which.
    pub starts: Vec<(u64, u64)>,
}

impl ClusterSeen {
    /// A frame of it.
    pub(super) fn note(&mut self, track: u64, time_ms: u64, is_key_frame: bool) {
        self.end_ms = self.end_ms.max(time_ms);
        if is_key_frame
            && self.starts.len() < TRACKS_MAX
            && self.starts.iter().all(|(known, _)| *known != track)
        {
            self.starts.push((track, time_ms));
        }
    }
}

/// The cluster at the begin of these bytes: `Err` says how many bytes it takes, of which there are not as many yet;
/// `Ok(None)` is that there is no cluster.
///
/// # Errors
/// It is not whole: this many bytes of it are.
pub fn next_cluster(bytes: &[u8]) -> Result<Option<ClusterSeen>, u64> {
    let Some(head) = read_head(bytes).filter(|head| head.id == id::CLUSTER) else { return Ok(None) };
    let Some(size) = head.size else { return Ok(None) };
    let length = size.saturating_add(head.length as u64);
    let data = usize::try_from(length).ok().and_then(|end| bytes.get(head.length..end)).ok_or(length)?;
    let mut seen = ClusterSeen { length, time_ms: 0, end_ms: 0, starts: Vec::new() };
    for (id, data) in children(data) {
        match id {
            id::TIMESTAMP => {
                seen.time_ms = read_uint(data);
                seen.end_ms = seen.time_ms;
            }
            id::SIMPLE_BLOCK => {
                let Some((Some(track), at)) = read_size(data) else { continue };
                let Some([high, low, flags]) = data.get(at..at + 3).and_then(|rest| rest.first_chunk())
                else {
                    continue;
                };
                let relative = i16::from_be_bytes([*high, *low]);
                let time_ms = seen.time_ms.saturating_add_signed(relative.into());
                seen.note(track, time_ms, flags & 0x80 != 0);
            }
            _ => {}
        }
    }
    Ok(Some(seen))
}

/// How many tracks the begin of a file names.
pub fn read_tracks(head: &[u8]) -> usize {
    let Some(ebml) = read_head(head).filter(|one| one.id == id::EBML) else { return 0 };
    let segment = ebml.size.and_then(|size| head.get(ebml.length + size as usize..));
    let Some(segment) = segment else { return 0 };
    let Some(inside) = read_head(segment).filter(|one| one.id == id::SEGMENT) else { return 0 };
    let tracks = children(&segment[inside.length..]).find(|(id, _)| *id == id::TRACKS);
    tracks.map_or(0, |(_, data)| children(data).filter(|(id, _)| *id == id::TRACK_ENTRY).count())
}

/// The duration that the begin of a file says, milliseconds.
pub fn read_duration_ms(head: &[u8]) -> Option<u64> {
    let ebml = read_head(head).filter(|one| one.id == id::EBML)?;
    let segment = head.get(ebml.length + usize::try_from(ebml.size?).ok()?..)?;
    let inside = read_head(segment).filter(|one| one.id == id::SEGMENT)?;
    let (_, info) = children(&segment[inside.length..]).find(|(id, _)| *id == id::INFO)?;
    let (_, duration) = children(info).find(|(id, _)| *id == id::DURATION)?;
    Some(f64::from_be_bytes(*duration.first_chunk()?) as u64)
}
