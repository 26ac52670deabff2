//! Histograms in fixed arrays.

/// Counts values by powers of two: bucket `i` has those above `2^(i-1)` up to `2^i`, the first also 0, the
/// last everything above. Counting is one shift and two additions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Histogram<const BUCKETS: usize> {
    counts: [u64; BUCKETS],
    sum: u64,
}

impl<const BUCKETS: usize> Default for Histogram<BUCKETS> {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], sum: 0 }
    }
}

impl<const BUCKETS: usize> Histogram<BUCKETS> {
    /// Counts one value.
    pub fn note(&mut self, value: u64) {
        let bits = (u64::BITS - value.saturating_sub(1).leading_zeros()) as usize;
        self.counts[bits.min(BUCKETS - 1)] += 1;
        self.sum += value;
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum += other.sum;
    }

    /// The upper bound of each bucket, with how many values are at or below it; `None` is no bound.
    pub fn cumulative(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let mut below = 0;
        self.counts.iter().enumerate().map(move |(index, count)| {
            below += count;
            ((index + 1 < BUCKETS).then(|| 1 << index), below)
        })
    }

    /// The sum of all values.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_fall_at_or_below_their_bound() {
        let mut histogram = Histogram::<4>::default();
        for value in [0, 1, 2, 3, 4, 5, 1000] {
            histogram.note(value);
        }
        let expected = [(Some(1), 2), (Some(2), 3), (Some(4), 5), (None, 7)];
        assert_eq!(histogram.cumulative().collect::<Vec<_>>(), expected);
        assert_eq!((histogram.sum(), histogram.count()), (1015, 7));
    }

    proptest! {
        #[test]
        fn cumulative_counts_match_a_naive_count(values in proptest::collection::vec(0u64..3000, 0..50)) {
            let (mut halves, mut other) = (Histogram::<8>::default(), Histogram::default());
            for (index, value) in values.iter().enumerate() {
                if index % 2 == 0 { halves.note(*value) } else { other.note(*value) }
            }
            halves.merge(&other);
            for (bound, count) in halves.cumulative() {
                let naive = values.iter().filter(|value| bound.is_none_or(|bound| **value <= bound)).count();
                prop_assert_eq!(count, naive as u64);
            }
            prop_assert_eq!(halves.sum(), values.iter().sum::<u64>());
        }
    }
}
