//! The definitions of all realms, at the one core that keeps them. What it accepts becomes a [`DefinitionChange`] that every
//! core applies, once it is stored.
//!
//! A change is decided, which claims its definition and its name; then it is stored by whoever called; then it is
//! [applied](Catalog::apply), or [given up](Catalog::give_up) if it could not be stored. Meanwhile another change of
//! the same definition is a conflict, and the name that it gives is taken.

use crate::base::fold::fold;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::model::command::Page;
use crate::model::definition::{DefinitionDraft, DefinitionFilter, DefinitionRecord};
use crate::model::fault::{Fault, FaultCode};
use crate::model::realm::Realm;
use crate::model::reply::{DefinitionReply, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Definitions on one page, whatever was asked for.
const PAGE_DEFINITIONS_MAX: u32 = 10_000;

/// The definitions of all realms.
pub struct Catalog {
    by_id: BTreeMap<u64, Arc<DefinitionRecord>>,
    by_name: BTreeMap<(u64, Box<str>), Arc<DefinitionRecord>>,
    realms: Arc<[Arc<Realm>]>,
    limits: InForce,
    /// Ids are given once.
    last_id: u64,
    /// Definitions with a change under way.
    changing: BTreeSet<u64>,
    /// Names that changes under way give.
    claimed: BTreeSet<(u64, Box<str>)>,
    /// Definitions that are new and under way.
    creating: usize,
}

/// What became of one definition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefinitionChange {
    /// As it was; `None` if it is new.
    pub was: Option<Arc<DefinitionRecord>>,
    /// As it is; `None` if it is gone.
    pub is: Option<Arc<DefinitionRecord>>,
}

impl Catalog {
    /// A catalog with what was stored. `last_id` is the last id that was ever given.
    pub fn new(
        realms: Arc<[Arc<Realm>]>,
        limits: InForce,
        stored: &[Arc<DefinitionRecord>],
        last_id: u64,
    ) -> Self {
        let mut catalog = Self {
            by_id: BTreeMap::new(),
            by_name: BTreeMap::new(),
            realms,
            limits,
            last_id,
            changing: BTreeSet::new(),
            claimed: BTreeSet::new(),
            creating: 0,
        };
        stored.iter().for_each(|record| catalog.put(record));
        catalog
    }

    /// Decides about a new definition. `guid` is the name it gets.
    ///
    /// # Errors
    /// The name is taken or claimed, a bound is passed, or there is no such realm.
    pub fn create(
        &mut self,
        now: Now,
        realm: u64,
        draft: DefinitionDraft,
        guid: String,
    ) -> Result<DefinitionChange, Fault> {
        self.check(realm, &draft, None)?;
        if self.by_id.len() + self.creating >= self.limits.get().definitions_max as usize {
            return Err(Fault::new(
                FaultCode::LimitExceeded,
                "no place for another channel definition: definitions_max is reached",
            ));
        }
        self.last_id += 1;
        let (created_ms, updated_ms) = (now.unix_ms, now.unix_ms);
        let (id, guid) = (self.last_id, guid.into());
        let record = Arc::new(DefinitionRecord { id, realm, guid, created_ms, updated_ms, draft });
        Ok(self.claim(DefinitionChange { was: None, is: Some(record) }))
    }

    /// Decides about a draft in the place of a definition.
    ///
    /// # Errors
    /// As [`Catalog::create`], or there is no such definition, or it is being changed.
    pub fn update(
        &mut self,
        now: Now,
        realm: u64,
        id: u64,
        draft: DefinitionDraft,
    ) -> Result<DefinitionChange, Fault> {
        let was = self.free(realm, id)?.clone();
        self.check(realm, &draft, Some(id))?;
        let record = Arc::new(DefinitionRecord { updated_ms: now.unix_ms, draft, ..(*was).clone() });
        Ok(self.claim(DefinitionChange { was: Some(was), is: Some(record) }))
    }

    /// Decides about the end of a definition.
    ///
    /// # Errors
    /// There is no such definition, or it is being changed.
    pub fn delete(&mut self, realm: u64, id: u64) -> Result<DefinitionChange, Fault> {
        let was = self.free(realm, id)?.clone();
        Ok(self.claim(DefinitionChange { was: Some(was), is: None }))
    }

    /// A change that was decided is stored.
    pub fn apply(&mut self, change: &DefinitionChange) {
        self.give_up(change);
        if let Some(was) = &change.was {
            self.by_id.remove(&was.id);
            self.by_name.remove(&key(was));
        }
        if let Some(is) = &change.is {
            self.put(is);
        }
    }

    /// A change that was decided could not be stored.
    pub fn give_up(&mut self, change: &DefinitionChange) {
        match &change.was {
            Some(was) => {
                self.changing.remove(&was.id);
            }
            None => self.creating -= 1,
        }
        if let Some(is) = &change.is {
            self.claimed.remove(&key(is));
        }
    }

    fn claim(&mut self, change: DefinitionChange) -> DefinitionChange {
        match &change.was {
            Some(was) => {
                self.changing.insert(was.id);
            }
            None => self.creating += 1,
        }
        self.claimed.extend(change.is.as_ref().map(|is| key(is)));
        change
    }

    /// A definition of a realm that no other change is under way for.
    fn free(&self, realm: u64, id: u64) -> Result<&Arc<DefinitionRecord>, Fault> {
        if self.changing.contains(&id) {
            return Err(Fault::new(
                FaultCode::Conflict,
                "another change of this channel definition is being stored; look at the result before you try again",
            ));
        }
        self.get(realm, id)
    }

    /// A definition of a realm.
    ///
    /// # Errors
    /// There is no such definition.
    pub fn get(&self, realm: u64, id: u64) -> Result<&Arc<DefinitionRecord>, Fault> {
        let missing = || Fault::new(FaultCode::NotFound, "there is no such channel definition");
        self.by_id.get(&id).filter(|record| record.realm == realm).ok_or_else(missing)
    }

    /// A page of the definitions of a realm, sorted by name. Looks at all of them, for the total.
    ///
    /// # Errors
    /// There is no such realm.
    pub fn list(
        &self,
        realm: u64,
        filter: &DefinitionFilter,
        page: Page,
        with_source: bool,
    ) -> Result<Reply, Fault> {
        self.realm(realm)?;
        let (first, last) = ((realm, Box::from("")), (realm + 1, Box::from("")));
        let wanted = fold(&filter.search);
        let has = |text: &str| fold(text).contains(&*wanted);
        let fits = |record: &&Arc<DefinitionRecord>| {
            wanted.is_empty() || has(&record.draft.name) || has(&record.draft.description)
        };
        let found: Vec<_> = self.by_name.range(first..last).map(|(_, record)| record).filter(fits).collect();
        let (skip, size) = (page.skip(), page.size.min(PAGE_DEFINITIONS_MAX) as usize);
        let items = if filter.descending {
            found.iter().rev().skip(skip).take(size).map(|record| Arc::clone(record)).collect()
        } else {
            found.iter().skip(skip).take(size).map(|record| Arc::clone(record)).collect()
        };
        Ok(Reply::Definition(DefinitionReply::Page { items, page, total: found.len() as u64, with_source }))
    }

    fn realm(&self, id: u64) -> Result<&Realm, Fault> {
        let realm = self.realms.iter().find(|realm| realm.id == id);
        realm.map(|realm| &**realm).ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "The number in the path names nothing that is configured here.")
        })
    }

    fn put(&mut self, record: &Arc<DefinitionRecord>) {
        self.by_id.insert(record.id, record.clone());
        self.by_name.insert(key(record), record.clone());
    }

    /// Whether a draft can be the definition `id`, or a new one.
    fn check(&self, realm: u64, draft: &DefinitionDraft, id: Option<u64>) -> Result<(), Fault> {
        let realm = self.realm(realm)?;
        let name_bytes = realm.namespace.len() + 1 + draft.name.len();
        if name_bytes > self.limits.get().channel_name_bytes_max as usize {
            return Err(Fault::new(FaultCode::InvalidRequest, "the channel's name is too long"));
        }
        if draft.source.len() > self.limits.get().definition_source_bytes_max as usize {
            return Err(Fault::new(FaultCode::TooLarge, "the text of the definition is too long"));
        }
        if draft.rules.history.count_max > self.limits.get().message_history_max {
            let message = format!("at most {} messages can be kept", self.limits.get().message_history_max);
            return Err(Fault::new(FaultCode::InvalidRequest, message));
        }
        let taken = self.by_name.get(&(realm.id, draft.name.clone()));
        // A name that is being given is taken: whoever comes second cannot have it.
        let claimed = self.claimed.contains(&(realm.id, draft.name.clone()));
        if claimed || taken.is_some_and(|other| Some(other.id) != id) {
            return Err(Fault::new(FaultCode::NameTaken, "a channel of this name exists already"));
        }
        Ok(())
    }
}

fn key(record: &DefinitionRecord) -> (u64, Box<str>) {
    (record.realm, record.draft.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::model::definition::ChannelDefinition;

    const NOW: Now = Now { monotonic_us: 1, unix_ms: 1_000 };

    fn catalog(definitions_max: u32) -> Catalog {
        let realm = |id: u64| Arc::new(Realm { id, namespace: format!("r{id}").into(), key: "k".into() });
        let limits = Limits { definitions_max, ..Limits::default() };
        Catalog::new([realm(1), realm(2)].into(), limits.into(), &[], 0)
    }

    fn draft(name: &str) -> DefinitionDraft {
        let (rules, source) = (ChannelDefinition::default(), "".into());
        DefinitionDraft {
            name: name.into(),
            description: format!("of {name}").into(),
            active: true,
            nested: false,
            rules,
            source,
        }
    }

    fn create(catalog: &mut Catalog, realm: u64, name: &str) -> Result<u64, FaultCode> {
        let change = catalog.create(NOW, realm, draft(name), "g".into()).map_err(|fault| fault.code)?;
        Ok(done(catalog, change).is.expect("a new one").id)
    }

    /// The change is stored.
    fn done(catalog: &mut Catalog, change: DefinitionChange) -> DefinitionChange {
        catalog.apply(&change);
        assert!(catalog.changing.is_empty() && catalog.claimed.is_empty() && catalog.creating == 0);
        change
    }

    #[test]
    fn names_are_unique_in_their_realm_and_ids_on_the_node_for_ever() {
        let mut catalog = catalog(3);
        assert_eq!(create(&mut catalog, 1, "a"), Ok(1));
        assert_eq!(create(&mut catalog, 2, "a"), Ok(2));
        assert_eq!(create(&mut catalog, 1, "a"), Err(FaultCode::NameTaken));
        assert_eq!(create(&mut catalog, 3, "a"), Err(FaultCode::NotFound));
        assert_eq!(create(&mut catalog, 1, "b"), Ok(3));
        assert_eq!(create(&mut catalog, 1, "c"), Err(FaultCode::LimitExceeded));
        assert_eq!(
            catalog.delete(2, 3).map_err(|fault| fault.code),
            Err(FaultCode::NotFound),
            "not its realm"
        );
        let deleted = catalog.delete(1, 3).expect("it is there");
        done(&mut catalog, deleted);
        assert_eq!(create(&mut catalog, 1, "b"), Ok(4));
        let renamed = catalog.update(Now { unix_ms: 5_000, ..NOW }, 1, 4, draft("z")).expect("free");
        let renamed = done(&mut catalog, renamed);
        let (was, is) = (renamed.was.expect("was"), renamed.is.expect("is"));
        assert_eq!((&*was.draft.name, &*is.draft.name, is.id), ("b", "z", 4));
        assert_eq!((is.created_ms, is.updated_ms), (1_000, 5_000));
        let taken = catalog.update(NOW, 1, 4, draft("a")).map_err(|fault| fault.code);
        assert_eq!(taken, Err(FaultCode::NameTaken));
        assert!(catalog.update(NOW, 1, 4, draft("z")).is_ok(), "its own name");
    }

    #[test]
    fn drafts_past_a_bound_are_refused() {
        let mut catalog = catalog(9);
        let mut refused = |change: fn(&mut DefinitionDraft)| {
            let mut draft = draft("a");
            change(&mut draft);
            let change = catalog.create(NOW, 1, draft, "g".into()).map_err(|fault| fault.code)?;
            done(&mut catalog, change);
            Ok(())
        };
        assert_eq!(refused(|draft| draft.name = "n".repeat(126).into()), Err(FaultCode::InvalidRequest));
        assert_eq!(refused(|draft| draft.source = "s".repeat(65_537).into()), Err(FaultCode::TooLarge));
        assert_eq!(refused(|draft| draft.rules.history.count_max = 10_001), Err(FaultCode::InvalidRequest));
        assert_eq!(refused(|draft| draft.name = "n".repeat(125).into()), Ok(()));
    }

    #[test]
    fn what_is_being_stored_is_claimed_and_not_seen() {
        let mut catalog = catalog(3);
        create(&mut catalog, 1, "a").expect("free");
        create(&mut catalog, 1, "b").expect("free");
        let code = |change: Result<DefinitionChange, Fault>| change.map(|_| ()).map_err(|fault| fault.code);
        let made = catalog.create(NOW, 1, draft("c"), "g".into()).expect("free");
        let renamed = catalog.update(NOW, 1, 1, draft("d")).expect("free");
        let deleted = catalog.delete(1, 2).expect("it is there");
        for name in ["a", "b", "c", "d"] {
            assert_eq!(code(catalog.create(NOW, 1, draft(name), "g".into())), Err(FaultCode::NameTaken));
        }
        assert_eq!(code(catalog.create(NOW, 1, draft("e"), "g".into())), Err(FaultCode::LimitExceeded));
        assert_eq!(code(catalog.create(NOW, 2, draft("d"), "g".into())), Err(FaultCode::LimitExceeded));
        for id in [1, 2] {
            assert_eq!(code(catalog.update(NOW, 1, id, draft("e"))), Err(FaultCode::Conflict));
            assert_eq!(code(catalog.delete(1, id)), Err(FaultCode::Conflict));
        }
        assert_eq!(&*catalog.get(1, 1).expect("there").draft.name, "a", "not yet");
        assert!(catalog.get(1, 2).is_ok() && catalog.get(1, 3).is_err());
        catalog.give_up(&renamed);
        catalog.give_up(&deleted);
        catalog.apply(&made);
        assert!(catalog.get(1, 2).is_ok() && catalog.get(1, 3).is_ok());
        assert_eq!(code(catalog.update(NOW, 1, 1, draft("d"))), Ok(()));
        assert_eq!(code(catalog.delete(1, 2)), Ok(()));
    }

    #[test]
    fn what_was_stored_is_there_and_its_ids_are_not_given_again() {
        let mut first = catalog(9);
        create(&mut first, 1, "a").expect("free");
        let records: Vec<_> = first.by_id.values().cloned().collect();
        let mut second = Catalog::new(first.realms.clone(), first.limits.clone(), &records, 7);
        assert_eq!(second.get(1, 1).expect("stored"), &records[0]);
        assert_eq!(create(&mut second, 1, "a"), Err(FaultCode::NameTaken));
        assert_eq!(create(&mut second, 1, "b"), Ok(8));
    }

    #[test]
    fn lists_are_sorted_searched_and_cut() {
        let mut catalog = catalog(99);
        for name in ["b", "Ab", "c", "abc"] {
            create(&mut catalog, 1, name).expect("free");
        }
        create(&mut catalog, 2, "other").expect("free");
        let list = |search: &str, descending, number, size| {
            let filter = DefinitionFilter { search: search.into(), descending };
            match catalog.list(1, &filter, Page { number, size }, false) {
                Ok(Reply::Definition(DefinitionReply::Page { items, total, .. })) => {
                    (items.iter().map(|item| item.draft.name.to_string()).collect::<Vec<_>>(), total)
                }
                other => panic!("{other:?}"),
            }
        };
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(list("", false, 1, 10), (all(&["Ab", "abc", "b", "c"]), 4));
        assert_eq!(list("", true, 2, 3), (all(&["Ab"]), 4));
        assert_eq!(list("AB", true, 1, 10), (all(&["abc", "Ab"]), 2), "in whatever case");
        assert_eq!(list("OF C", true, 1, 10), (all(&["c"]), 1), "descriptions too");
        assert_eq!(list("none", false, 1, 10), (all(&[]), 0));
        assert_eq!(list("", false, 9, 10), (all(&[]), 4));
        let (filter, page) =
            (DefinitionFilter { search: "".into(), descending: false }, Page { number: 1, size: 1 });
        let nowhere = catalog.list(3, &filter, page, false).map_err(|fault| fault.code);
        assert_eq!(nowhere, Err(FaultCode::NotFound));
    }
}
