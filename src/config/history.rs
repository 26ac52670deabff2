//! `[history]`.

use super::reader::Reader;
use super::settings::HistoryConfig;

/// Reads the section.
pub(super) fn read(mut reader: Reader<'_>) -> HistoryConfig {
    let config = HistoryConfig {
        on_disk: reader.boolean("on_disk").unwrap_or(true),
        flush_ms: reader.integer("flush_ms", 0..=60_000).unwrap_or(0),
        sync_interval_ms: reader.integer("sync_interval_ms", 1..=3_600_000).unwrap_or(1),
        segment_bytes: reader.integer("segment_bytes", 1 << 16..=1 << 40).unwrap_or(1 << 16),
    };
    reader.finish();
    config
}
