//! What proves who somebody is, as a number: so that a session that began under a key, an account or a secret can be told
//! from others when that is removed or changed.

use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The number of something made of these parts; never 0. It tells nothing of them.
pub(super) fn proof(parts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (first, _) = digest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    u64::from_le_bytes(*first).max(1)
}

/// What holds at present.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Proofs(BTreeSet<u64>);

impl Proofs {
    pub(super) fn new(proofs: impl Iterator<Item = u64>) -> Self {
        Self(proofs.collect())
    }

    /// Whether what a session began under holds; nothing is needed of whoever proved nothing.
    pub(super) fn hold(&self, proof: u64) -> bool {
        proof == 0 || self.0.contains(&proof)
    }

    /// Whether all that held before still does.
    pub(super) fn have_all_of(&self, before: &Self) -> bool {
        before.0.is_subset(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(proof(&[b"ab", b"c"]), proof(&[b"a", b"bc"]));
        assert_eq!(proof(&[b"ab", b"c"]), proof(&[b"ab", b"c"]));
        let (one, two) = (Proofs::new([1].into_iter()), Proofs::new([1, 2].into_iter()));
        assert!(two.have_all_of(&one) && !one.have_all_of(&two));
        assert!(one.hold(1) && one.hold(0) && !one.hold(2));
    }
}
