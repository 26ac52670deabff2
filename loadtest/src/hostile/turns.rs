//! How long the server's turns were, as it says itself.

use super::bystander;
use crate::failure::Failure;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Turns since the server's start, of all cores.
pub struct Turns {
    /// Of more than 10 ms.
    pub slow: u64,
    /// How many took at most so long, by the bound as it is written.
    buckets: Vec<(String, u64)>,
}

impl Turns {
    /// Asks the server.
    pub fn read(address: SocketAddr) -> Result<Self, Failure> {
        let page = bystander::get(address, "/metrics")?;
        Self::of(&page)
            .ok_or_else(|| Failure::Failed("the server does not say how long its turns are".into()))
    }

    fn of(page: &str) -> Option<Self> {
        let slow = page.lines().find_map(|line| line.strip_prefix("corecast_slow_turns_total "))?;
        let mut places = BTreeMap::new();
        let mut buckets: Vec<(String, u64)> = Vec::new();
        for line in page.lines().filter(|line| line.starts_with("corecast_turn_seconds_bucket{")) {
            let (bound, count) = line.split_once("le=\"")?.1.split_once("\"} ")?;
            let count: u64 = count.trim().parse().ok()?;
            let place = *places.entry(bound.to_owned()).or_insert(buckets.len());
            match buckets.get_mut(place) {
                Some((_, sum)) => *sum += count,
                None => buckets.push((bound.to_owned(), count)),
            }
        }
        Some(Self { slow: slow.trim().parse().ok()?, buckets })
    }

    /// The bound of the bucket in which the longest turn since `before` is.
    pub fn longest_since(&self, before: &Self) -> String {
        let since = self.buckets.iter().zip(&before.buckets);
        let counts: Vec<u64> = since.map(|((_, count), (_, earlier))| count - earlier).collect();
        let all = counts.last().copied().unwrap_or(0);
        let longest = counts.iter().position(|count| *count == all);
        longest.map_or_else(String::new, |place| self.buckets[place].0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(counts: [[u64; 3]; 2]) -> String {
        let line = |core: usize, bound: &str, count: u64| {
            format!("corecast_turn_seconds_bucket{{core=\"{core}\",le=\"{bound}\"}} {count}\n")
        };
        let cores = counts.iter().enumerate().map(|(core, counts)| {
            let bounds = ["0.001", "0.002", "+Inf"].iter().zip(counts);
            bounds.map(|(bound, count)| line(core, bound, *count)).collect::<String>()
        });
        cores.collect::<String>() + "corecast_slow_turns_total 3\n"
    }

    #[test]
    fn the_longest_turn_is_that_since_before_on_any_core() {
        let before = Turns::of(&page([[1, 2, 3], [5, 5, 5]])).expect("a page");
        let after = |counts| Turns::of(&page(counts)).expect("a page").longest_since(&before);
        assert_eq!(after([[4, 5, 6], [5, 5, 5]]), "0.001");
        assert_eq!(after([[4, 5, 6], [5, 6, 6]]), "0.002");
        assert_eq!(after([[1, 2, 4], [9, 9, 9]]), "+Inf");
        assert_eq!(before.slow, 3);
        assert!(Turns::of("").is_none());
    }
}
