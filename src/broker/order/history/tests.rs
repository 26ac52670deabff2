use super::*;
use proptest::prelude::*;

const WIDE: HistoryBounds = HistoryBounds { count_max: 3, bytes_max: 1_000, age_ms_max: 0 };

fn filled(bounds: &HistoryBounds, count: u8) -> History {
    let mut history = History::new(0);
    for n in 1..=count {
        history.append(bounds, n.into(), n.into(), vec![n].into(), Effect::Message);
    }
    history
}

fn firsts(publications: &[PublicationBytes]) -> Vec<u8> {
    publications.iter().map(|bytes| bytes[0]).collect()
}

fn outcome(recovery: Recovery) -> (bool, Vec<u8>) {
    match recovery {
        Recovery::NotAsked => panic!("it was asked"),
        Recovery::Complete(publications) => (true, firsts(&publications)),
        Recovery::Gap(publications) => (false, firsts(&publications)),
    }
}

#[test]
fn recovery_is_exact_when_trimmed_by_exactly_one() {
    let history = filled(&WIDE, 4);
    assert_eq!(outcome(history.since(0, 9)), (false, vec![2, 3, 4]), "publication 1 is gone");
    assert_eq!(outcome(history.since(1, 9)), (true, vec![2, 3, 4]), "publication 2 is the oldest kept");
    assert_eq!(outcome(history.since(3, 9)), (true, vec![4]));
    assert_eq!(outcome(history.since(4, 9)), (true, vec![]));
    assert_eq!(outcome(history.since(5, 9)), (false, vec![]), "yet to come");
    assert_eq!(outcome(history.since(u64::MAX, 9)), (false, vec![]));
    assert_eq!(outcome(history.since(1, 2)), (false, vec![3, 4]), "more than may be recovered");
}

#[test]
fn a_history_of_nothing_keeps_nothing() {
    let history = filled(&HistoryBounds { count_max: 0, ..WIDE }, 2);
    assert!(history.is_empty());
    assert_eq!(outcome(history.since(1, 9)), (false, vec![]));
    assert_eq!(outcome(history.since(2, 9)), (true, vec![]));
}

#[test]
fn offsets_go_on_after_clearing() {
    let mut history = filled(&WIDE, 3);
    history.clear();
    history.append(&WIDE, 4, 4, vec![4].into(), Effect::None);
    assert_eq!(outcome(history.since(2, 9)), (false, vec![4]));
    assert_eq!(outcome(history.since(3, 9)), (true, vec![4]));
    assert_eq!(history.message_count(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Append { size: usize, message: bool },
    Pass { ms: u64 },
    Revise { back: u64 },
    Delete { back: u64 },
    Halve,
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..60_usize, any::<bool>()).prop_map(|(size, message)| Step::Append { size, message }),
        2 => (0..40_u64).prop_map(|ms| Step::Pass { ms }),
        2 => (0..8_u64).prop_map(|back| Step::Revise { back }),
        1 => (0..8_u64).prop_map(|back| Step::Delete { back }),
        1 => Just(Step::Halve),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..80)
}

/// Keeps everything in a plain list and searches it.
#[derive(Default)]
struct Naive {
    kept: Vec<(u64, PublicationBytes, u64, Standing)>,
    head: u64,
}

impl Naive {
    fn trim(&mut self, bounds: &HistoryBounds, now: u64) {
        let sum =
            |kept: &[(u64, PublicationBytes, u64, Standing)]| kept.iter().map(|k| k.1.len()).sum::<usize>();
        while self.kept.len() > bounds.count_max as usize || sum(&self.kept) > bounds.bytes_max as usize {
            self.kept.remove(0);
        }
        self.kept.retain(|kept| bounds.age_ms_max == 0 || now - kept.2 <= bounds.age_ms_max);
    }

    fn since(&self, offset: u64) -> Recovery {
        let all = || (offset + 1..=self.head).all(|wanted| self.kept.iter().any(|kept| kept.0 == wanted));
        let after = self.kept.iter().filter(|kept| kept.0 > offset).map(|kept| kept.1.clone()).collect();
        if offset <= self.head && all() { Recovery::Complete(after) } else { Recovery::Gap(after) }
    }

    fn set(&mut self, offset: u64, standing: Standing) {
        for kept in self.kept.iter_mut().filter(|kept| kept.0 == offset && kept.3.is_message()) {
            kept.3 = standing;
        }
    }
}

fn agree(history: &History, naive: &Naive) {
    for offset in 0..naive.head + 3 {
        assert_eq!(history.since(offset, usize::MAX), naive.since(offset), "since {offset}");
        let kept = naive.kept.iter().find(|kept| kept.0 == offset).map(|kept| (&kept.1, kept.3));
        assert_eq!(history.get(offset).map(|entry| (&entry.bytes, entry.standing)), kept, "get {offset}");
    }
    let messages: Vec<_> = naive.kept.iter().rev().filter(|k| k.3.is_message()).map(|k| &k.1).collect();
    assert_eq!(history.messages().map(|entry| &entry.bytes).collect::<Vec<_>>(), messages);
    assert_eq!(history.message_count(), messages.len());
    assert_eq!(history.len(), naive.kept.len());
    assert_eq!(history.bytes(), naive.kept.iter().map(|kept| kept.1.len()).sum::<usize>());
}

proptest! {
    #[test]
    fn the_ring_is_a_bounded_list(
        steps in steps(),
        count_max in 0..6_u32,
        bytes_max in 0..200_u32,
        age_ms_max in prop_oneof![Just(0), 1..100_u64],
    ) {
        let bounds = HistoryBounds { count_max, bytes_max, age_ms_max };
        let (mut history, mut naive, mut now) = (History::new(0), Naive::default(), 0);
        for step in steps {
            match step {
                Step::Append { size, message } => {
                    let bytes: PublicationBytes = vec![naive.head as u8; size].into();
                    let effect = if message { Effect::Message } else { Effect::None };
                    history.append(&bounds, now, now, bytes.clone(), effect);
                    naive.head += 1;
                    let standing = if message { Standing::Message } else { Standing::Other };
                    naive.kept.push((naive.head, bytes, now, standing));
                    naive.trim(&bounds, now);
                }
                Step::Pass { ms } => {
                    now += ms;
                    history.fit(&bounds, now);
                    naive.trim(&bounds, now);
                }
                Step::Revise { back } => {
                    let (of, by) = (naive.head.saturating_sub(back), naive.head);
                    history.revise(of, by);
                    naive.set(of, Standing::Revised(by));
                }
                Step::Delete { back } => {
                    history.delete(naive.head.saturating_sub(back));
                    naive.set(naive.head.saturating_sub(back), Standing::Deleted);
                }
                Step::Halve => {
                    history.halve();
                    naive.kept.drain(..naive.kept.len().div_ceil(2));
                }
                Step::Clear => {
                    history.clear();
                    naive.kept.clear();
                }
            }
            agree(&history, &naive);
            history.invariants(naive.head, &bounds);
        }
    }
}
