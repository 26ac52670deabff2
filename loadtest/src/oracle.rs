//! The oracle: for each subscriber and stream, whether every message came once and in order.
//!
//! A subscriber may leave and come back. What it is owed then is exact, because one process publishes and receives:
//! what was published after it learned that it is subscribed must come, what was published before may.

/// The state of one stream at one subscriber.
#[derive(Clone, Copy)]
struct Cell {
    /// The number expected next; everything missing below is counted as lost until it turns up. [`AWAY`] or
    /// [`JOINING`] while that is not known.
    next: u32,
    /// While joining: the first number that it is owed.
    owed: u32,
    /// Which of the 64 numbers before `next` were seen; bit 0 is `next - 1`.
    seen: u64,
}

/// Nothing is owed: the subscriber is not subscribed.
const AWAY: u32 = u32::MAX;
/// The subscriber came back and nothing has come yet.
const JOINING: u32 = u32::MAX - 1;

/// What went wrong so far.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Faults {
    /// Never received.
    pub lost: u64,
    /// Received again (or so late that its place is forgotten).
    pub duplicated: u64,
    /// Received after a later one.
    pub reordered: u64,
    /// Received by a subscriber of another channel or of none, or of a stream nobody publishes.
    pub misrouted: u64,
    /// Of the lost: missing after a recovery that was to bring them.
    pub recovery_gaps: u64,
}

impl Faults {
    /// Adds another worker's.
    pub fn add(&mut self, other: &Faults) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.misrouted += other.misrouted;
        self.recovery_gaps += other.recovery_gaps;
    }
}

/// Every cell, in one flat table.
pub struct Oracle {
    cells: Vec<Cell>,
    /// The count so far. Losses at the very end show only in [`Oracle::finish`].
    pub faults: Faults,
}

impl Oracle {
    /// A table of `cells` streams that have not begun.
    pub fn new(cells: usize) -> Oracle {
        Oracle { cells: vec![Cell { next: 0, owed: 0, seen: 0 }; cells], faults: Faults::default() }
    }

    /// A message came. Whether it came for the first time.
    #[inline]
    pub fn receive(&mut self, cell: usize, number: u32) -> bool {
        let Some(state) = self.cells.get_mut(cell) else {
            self.faults.misrouted += 1;
            return false;
        };
        if number == state.next {
            state.next += 1;
            state.seen = state.seen << 1 | 1;
            return true;
        }
        Self::out_of_turn(state, number, &mut self.faults)
    }

    #[cold]
    fn out_of_turn(state: &mut Cell, number: u32, faults: &mut Faults) -> bool {
        if state.next == AWAY {
            faults.misrouted += 1;
            return false;
        }
        if state.next == JOINING {
            faults.lost += u64::from(number.saturating_sub(state.owed));
            *state = Cell { next: number + 1, owed: 0, seen: 1 };
            return true;
        }
        if number > state.next {
            let missing = number - state.next;
            faults.lost += u64::from(missing);
            state.seen = state.seen.checked_shl(missing + 1).unwrap_or(0) | 1;
            state.next = number + 1;
            return true;
        }
        let bit = 1u64.checked_shl(state.next - 1 - number).unwrap_or(0);
        if bit == 0 || state.seen & bit != 0 {
            faults.duplicated += 1;
            return false;
        }
        state.seen |= bit;
        faults.lost -= 1;
        faults.reordered += 1;
        true
    }

    /// The subscriber has left, and nothing is owed to it until it joins.
    pub fn leave(&mut self, cell: usize) {
        if let Some(state) = self.cells.get_mut(cell) {
            state.next = AWAY;
        }
    }

    /// The subscriber asks to join: from here on messages may come, and from the first of them on all must. The
    /// number expected until now.
    pub fn join(&mut self, cell: usize) -> u32 {
        let Some(state) = self.cells.get_mut(cell) else { return 0 };
        let before = state.next;
        *state = Cell { next: JOINING, owed: u32::MAX, seen: 0 };
        before
    }

    /// The subscriber learned that it has joined, when `published` messages were published.
    pub fn joined(&mut self, cell: usize, published: u32) {
        if let Some(state) = self.cells.get_mut(cell).filter(|state| state.next == JOINING) {
            state.owed = published;
        }
    }

    /// Whether nothing below `number` is owed any more.
    #[inline]
    pub fn has_reached(&self, cell: usize, number: u32) -> bool {
        let reached =
            |state: &Cell| if state.next == JOINING { state.owed >= number } else { state.next >= number };
        self.cells.get(cell).is_none_or(reached)
    }

    /// Counts what is still missing in a cell whose stream had `published` messages.
    pub fn finish(&mut self, cell: usize, published: u32) {
        let Some(state) = self.cells.get(cell) else { return };
        let next = match state.next {
            AWAY => return,
            JOINING if state.owed == u32::MAX => return,
            JOINING => state.owed,
            next => next,
        };
        self.faults.lost += u64::from(published.saturating_sub(next));
        self.faults.misrouted += u64::from(next.saturating_sub(published));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(numbers: &[u32], published: u32) -> (u64, u64, u64, u64) {
        let mut oracle = Oracle::new(1);
        for &number in numbers {
            oracle.receive(0, number);
        }
        oracle.finish(0, published);
        let Faults { lost, duplicated, reordered, misrouted, .. } = oracle.faults;
        (lost, duplicated, reordered, misrouted)
    }

    #[test]
    fn each_fault_is_counted_as_what_it_is() {
        assert_eq!(faults_of(&[0, 1, 2, 3], 4), (0, 0, 0, 0));
        assert_eq!(faults_of(&[0, 2, 3], 4), (1, 0, 0, 0));
        assert_eq!(faults_of(&[0, 1], 4), (2, 0, 0, 0));
        assert_eq!(faults_of(&[], 4), (4, 0, 0, 0));
        assert_eq!(faults_of(&[0, 1, 1, 2, 0], 3), (0, 2, 0, 0));
        assert_eq!(faults_of(&[0, 2, 1, 3], 4), (0, 0, 1, 0));
        assert_eq!(faults_of(&[3, 2, 1, 0], 4), (0, 0, 3, 0));
        assert_eq!(faults_of(&[0, 2, 1, 1, 3], 4), (0, 1, 1, 0));
        assert_eq!(faults_of(&[0, 1, 2], 2), (0, 0, 0, 1));
    }

    #[test]
    fn a_gap_wider_than_the_memory_stays_lost() {
        assert_eq!(faults_of(&[0, 200], 201), (199, 0, 0, 0));
        assert_eq!(faults_of(&[0, 200, 137], 201), (198, 0, 1, 0));
        assert_eq!(faults_of(&[0, 200, 136], 201), (199, 1, 0, 0));
    }

    #[test]
    fn a_cell_outside_the_table_is_misrouting() {
        let mut oracle = Oracle::new(1);
        assert!(!oracle.receive(1, 0));
        assert_eq!(oracle.faults.misrouted, 1);
    }

    /// A subscriber that had 0 and 1, left, and came back when 5 were published.
    fn returned(then: &[u32], published: u32) -> (u64, u64, u64, u64) {
        let mut oracle = Oracle::new(1);
        oracle.receive(0, 0);
        oracle.receive(0, 1);
        assert_eq!(oracle.join(0), 2);
        oracle.joined(0, 5);
        for &number in then {
            oracle.receive(0, number);
        }
        oracle.finish(0, published);
        let Faults { lost, duplicated, reordered, misrouted, .. } = oracle.faults;
        (lost, duplicated, reordered, misrouted)
    }

    #[test]
    fn who_comes_back_is_owed_what_was_published_since() {
        assert_eq!(returned(&[5, 6], 7), (0, 0, 0, 0));
        assert_eq!(returned(&[4, 5, 6], 7), (0, 0, 0, 0));
        assert_eq!(returned(&[6], 7), (1, 0, 0, 0));
        assert_eq!(returned(&[], 7), (2, 0, 0, 0));
        assert_eq!(returned(&[5, 5, 6], 7), (0, 1, 0, 0));
    }

    #[test]
    fn messages_may_come_before_the_answer_to_a_subscribe() {
        let mut oracle = Oracle::new(1);
        oracle.join(0);
        oracle.receive(0, 7);
        oracle.joined(0, 9);
        oracle.receive(0, 8);
        oracle.receive(0, 9);
        oracle.finish(0, 10);
        assert_eq!(oracle.faults, Faults::default());
        oracle.finish(0, 11);
        assert_eq!(oracle.faults.lost, 1);
    }

    #[test]
    fn who_left_gets_nothing() {
        let mut oracle = Oracle::new(1);
        oracle.leave(0);
        assert!(!oracle.receive(0, 0));
        oracle.finish(0, 9);
        assert_eq!(oracle.faults, Faults { misrouted: 1, ..Faults::default() });
    }
}
