//! Archived values (rkyv) whose bytes are known to be good, so that nobody who reads them checks them again.

#![allow(
    unsafe_code,
    reason = "bytes that are known to be good are not checked again; each block says why they are"
)]

use rkyv::api::high::HighValidator;
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{Error, Strategy};
use rkyv::util::AlignedVec;
use rkyv::{Portable, Serialize};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// The bytes of one archived `A`, shared. They were archived here or checked once, and nothing but numbers in
/// them changes.
pub struct GoodArchive<A> {
    bytes: Arc<[u8]>,
    of: PhantomData<fn() -> A>,
}

impl<A: Portable> GoodArchive<A> {
    /// Archives a value, with `scratch` as working space, so that only the result is allocated.
    ///
    /// # Panics
    /// If memory ends.
    pub fn of<T>(value: &T, scratch: &mut AlignedVec) -> Self
    where
        T: rkyv::Archive<Archived = A> + Serialize<Strategy<AlignedVec, Error>>,
    {
        scratch.clear();
        rkyv::api::serialize_using::<_, Error>(value, scratch)
            .expect("archiving into memory fails only when memory ends");
        Self { bytes: Arc::from(scratch.as_slice()), of: PhantomData }
    }

    /// Copies bytes that may be anything (ATTACKS 12: bytes from disk or other nodes are not trusted). `None` if they are
    /// not an archived `A`.
    pub fn check(bytes: &[u8]) -> Option<Self>
    where
        A: for<'a> CheckBytes<HighValidator<'a, Error>>,
    {
        rkyv::access::<A, Error>(bytes).ok()?;
        Some(Self { bytes: Arc::from(bytes), of: PhantomData })
    }

    /// What they say.
    pub fn view(&self) -> &A {
        // SAFETY: the bytes end in an `A` that is whole: `of` wrote it so, or `check` found it so. Since then `set` alone
        // changed them, and eight bytes are a number whatever they are.
        unsafe { rkyv::access_unchecked(&self.bytes) }
    }

    /// Writes another number into a field; whoever else has the bytes keeps them as they are.
    ///
    /// # Panics
    /// If `field` gives a number of something else.
    pub fn set(&mut self, field: impl FnOnce(&A) -> &rkyv::Archived<u64>, number: u64) {
        let place = std::ptr::from_ref(field(self.view())).addr();
        let at = place.wrapping_sub(self.bytes.as_ptr().addr());
        let bytes = Arc::make_mut(&mut self.bytes).get_mut(at..).and_then(|rest| rest.first_chunk_mut());
        *bytes.expect("the field is one of the value") = number.to_le_bytes();
    }
}

impl<A> Deref for GoodArchive<A> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<A> Clone for GoodArchive<A> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), of: PhantomData }
    }
}

impl<A> PartialEq for GoodArchive<A> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<A> Eq for GoodArchive<A> {}

impl<A> fmt::Debug for GoodArchive<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(rkyv::Archive, Serialize)]
    struct Note {
        number: u64,
        text: String,
    }

    fn note(number: u64) -> GoodArchive<ArchivedNote> {
        GoodArchive::of(&Note { number, text: "a text that is not short".into() }, &mut AlignedVec::new())
    }

    #[test]
    fn what_was_archived_is_read_and_changed_alone() {
        let first = note(1);
        let mut second = first.clone();
        second.set(|note| &note.number, 2);
        assert_eq!((first.view().number.to_native(), second.view().number.to_native()), (1, 2));
        assert_eq!(second.view().text.as_str(), "a text that is not short");
        assert_eq!(second, note(2));
    }

    #[test]
    fn bytes_from_elsewhere_are_checked() {
        let good = note(7);
        assert_eq!(GoodArchive::<ArchivedNote>::check(&good).as_ref(), Some(&good));
        assert!(GoodArchive::<ArchivedNote>::check(&good[1..good.len() - 1]).is_none());
        let mut bad = good.to_vec();
        bad[0] = 0xff;
        assert!(GoodArchive::<ArchivedNote>::check(&bad).is_none(), "no UTF-8");
        assert!(GoodArchive::<ArchivedNote>::check(&[]).is_none());
    }
}
