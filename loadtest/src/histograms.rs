//! Raw histograms on disk: HdrHistogram's V2 serialization, nanoseconds, one file for each.

use crate::engine::Run;
use crate::failure::Failure;
use hdrhistogram::serialization::{Serializer, V2Serializer};
use std::fs;
use std::path::Path;

/// Writes `SCENARIO-TARGET-ROUND-NAME.hdr` into `directory`, made if need be.
pub fn write(directory: &Path, run: &Run) -> Result<(), Failure> {
    let outcome = &run.outcome;
    let fail = |why: String| Failure::Failed(format!("{}: {why}", directory.display()));
    fs::create_dir_all(directory).map_err(|error| fail(error.to_string()))?;
    for (name, histogram) in run.histograms.iter().filter(|(_, histogram)| !histogram.is_empty()) {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(histogram, &mut bytes).map_err(|error| fail(error.to_string()))?;
        let (scenario, target, round) = (&outcome.scenario, &outcome.target, outcome.round);
        let file = directory.join(format!("{scenario}-{target}-{round}-{name}.hdr"));
        fs::write(&file, bytes).map_err(|error| fail(error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;

    #[test]
    fn what_is_written_is_read_back() {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 120_000_000_000, 3).unwrap();
        (1..=1000).for_each(|value| histogram.record(value * 1000).unwrap());
        let outcome = Outcome { scenario: "s".into(), target: "t".into(), round: 2, ..Outcome::default() };
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &Run { outcome, histograms: vec![("latency", histogram)] }).unwrap();
        let bytes = fs::read(directory.path().join("s-t-2-latency.hdr")).unwrap();
        let back: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        assert_eq!((back.len(), back.value_at_quantile(0.5) / 1000), (1000, 500));
    }
}
