//! The oracle: for each subscriber and stream, whether every message came once and in order.

/// The state of one stream at one subscriber.
#[derive(Clone, Copy)]
struct Cell {
    /// The number expected next; everything missing below is counted as lost until it turns up.
    next: u32,
    /// Which of the 64 numbers before `next` were seen; bit 0 is `next - 1`.
    seen: u64,
}

/// What went wrong so far.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Faults {
    /// Never received.
    pub lost: u64,
    /// Received again (or so late that its place is forgotten).
    pub duplicated: u64,
    /// Received after a later one.
    pub reordered: u64,
    /// Received by a subscriber of another channel, or of a stream nobody publishes.
    pub misrouted: u64,
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
        Oracle { cells: vec![Cell { next: 0, seen: 0 }; cells], faults: Faults::default() }
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

    /// Counts what is still missing in a cell whose stream had `published` messages.
    pub fn finish(&mut self, cell: usize, published: u32) {
        if let Some(state) = self.cells.get(cell) {
            self.faults.lost += u64::from(published.saturating_sub(state.next));
            self.faults.misrouted += u64::from(state.next.saturating_sub(published));
        }
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
        let Faults { lost, duplicated, reordered, misrouted } = oracle.faults;
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
}
