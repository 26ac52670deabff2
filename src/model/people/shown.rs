//! The cards that a circle shows, in pieces that copies share: a circle of ten thousand is told to whoever comes at the cost of
//! some dozen pieces, and a card that comes or goes meanwhile costs one of them.

use super::circle::Card;
use std::sync::Arc;

/// Cards in one piece, at most.
const PIECE_MAX: usize = 256;

/// Cards, sorted by user and then by reference.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Shown {
    /// None of them is empty.
    pieces: Vec<Arc<Vec<Arc<Card>>>>,
    len: usize,
}

fn key(card: &Card) -> (&str, u64) {
    (&card.user, card.reference)
}

impl Shown {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Card>> {
        self.from(0)
    }

    /// Those from a place on.
    pub fn from(&self, place: usize) -> impl Iterator<Item = &Arc<Card>> {
        let (mut before, mut first) = (0, 0);
        while self.pieces.get(first).is_some_and(|piece| before + piece.len() <= place) {
            before += self.pieces[first].len();
            first += 1;
        }
        self.pieces[first..].iter().flat_map(|piece| piece.iter()).skip(place - before)
    }

    /// One more. None of the same user has its reference.
    pub fn insert(&mut self, card: Arc<Card>) {
        self.len += 1;
        let at = self.piece_of(&card);
        let Some(piece) = self.pieces.get_mut(at) else {
            return self.pieces.push(Arc::new(vec![card]));
        };
        let piece = Arc::make_mut(piece);
        piece.insert(piece.partition_point(|other| key(other) < key(&card)), card);
        if piece.len() > PIECE_MAX {
            let rest = piece.split_off(PIECE_MAX / 2);
            self.pieces.insert(at + 1, Arc::new(rest));
        }
    }

    /// One that is there is so no longer.
    pub fn remove(&mut self, card: &Card) {
        let at = self.piece_of(card);
        let Some(piece) = self.pieces.get_mut(at) else { return };
        let Ok(place) = piece.binary_search_by(|other| key(other).cmp(&key(card))) else { return };
        self.len -= 1;
        let piece = Arc::make_mut(piece);
        piece.remove(place);
        if piece.is_empty() {
            self.pieces.remove(at);
        }
    }

    /// The piece that a card belongs into.
    fn piece_of(&self, card: &Card) -> usize {
        let after =
            self.pieces.partition_point(|piece| piece.first().is_some_and(|first| key(first) <= key(card)));
        after.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::people::status::Status;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn card(user: u8, reference: u64) -> Arc<Card> {
        Arc::new(Card {
            user: format!("u{user}").as_str().into(),
            reference,
            previous: None,
            online_s: 0,
            joined_ms: 0,
            device: "web:1".into(),
            status: Status::Online,
        })
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_list_of_which_copies_stay_as_they_are(
            steps in prop::collection::vec((any::<bool>(), any::<u8>(), 0..4_u64), 0..2_000),
        ) {
            let (mut shown, mut model) = (Shown::default(), BTreeMap::new());
            let mut copies = Vec::new();
            for (comes, user, reference) in steps {
                let one = card(user, reference);
                let place = (one.user.to_string(), reference);
                if !comes {
                    model.remove(&place);
                    shown.remove(&one);
                } else if model.insert(place, one.clone()).is_none() {
                    shown.insert(one);
                }
                if copies.len() < 8 && model.len() % 64 == 63 {
                    copies.push((shown.clone(), model.clone()));
                }
            }
            copies.push((shown, model));
            for (shown, model) in copies {
                prop_assert!(shown.iter().eq(model.values()));
                prop_assert_eq!(shown.len(), model.len());
                for from in [0, 1, 63, 64, 255, 256, model.len()] {
                    prop_assert!(from > model.len() || shown.from(from).eq(model.values().skip(from)));
                }
                prop_assert!(shown.pieces.iter().all(|piece| (1..=PIECE_MAX).contains(&piece.len())));
            }
        }
    }

    #[test]
    fn a_copy_costs_pieces_and_a_change_costs_one() {
        let mut shown = Shown::default();
        (0..10_000).for_each(|at| shown.insert(card((at % 251) as u8, at)));
        assert!(shown.pieces.len() < 100, "{} pieces", shown.pieces.len());
        let copy = shown.clone();
        shown.insert(card(7, 10_000));
        let own = shown.pieces.iter().filter(|piece| Arc::strong_count(piece) == 1).count();
        assert!(own <= 2, "{own} pieces were copied for one card");
        assert_eq!((copy.len(), shown.len()), (10_000, 10_001));
    }
}
