use super::super::Unfilled;
use super::*;
use std::os::unix::fs::PermissionsExt;

fn put(key: &str, value: &str) -> Write {
    Write { table: Table::Rooms, key: key.into(), value: Some(value.into()) }
}

fn delete(key: &str) -> Write {
    Write { table: Table::Rooms, key: key.into(), value: None }
}

fn range(from: &str, to: &str, reverse: bool, records_max: u32) -> Range {
    Range { table: Table::Rooms, from: from.into(), to: to.into(), reverse, records_max, bytes_max: 1_000 }
}

fn keys(database: &mut Database, range: &Range) -> (String, bool) {
    let found = database.read(range).expect("the disk is well");
    let keys = found.records.iter().map(|record| String::from_utf8_lossy(&record.key).into_owned());
    (keys.collect::<Vec<_>>().join(" "), found.more)
}

#[test]
fn what_is_written_is_read_also_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store");
    let mut database = Database::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Database::open(&path), Err(StoreError::InUse(_))));
    let writes = ["a", "b", "c", "d"].map(|key| put(key, "value"));
    database.write(writes.iter()).unwrap();
    database.write([delete("b"), put("c", "other"), delete("none")].iter()).unwrap();
    drop(database);
    let mut database = Database::open(&path).unwrap();
    let found = database.read(&range("a", "z", false, 9)).unwrap();
    let values: Vec<_> = found.records.iter().map(|record| (&*record.key, &*record.value)).collect();
    assert_eq!(values, [(&b"a"[..], &b"value"[..]), (b"c", b"other"), (b"d", b"value")]);
    let rooms = database.records().unwrap().into_iter().filter(|record| record.table == Table::Rooms);
    assert_eq!(rooms.collect::<Vec<_>>(), found.records);
}

#[test]
fn ranges_are_bounded_and_go_both_ways() {
    let home = tempfile::tempdir().unwrap();
    let mut database = Database::open(&home.path().join("store")).unwrap();
    let writes = ["a", "b", "c", "d"].map(|key| put(key, "value"));
    database.write(writes.iter()).unwrap();
    for (wanted, expected) in [
        (range("a", "z", false, 9), ("a b c d", false)),
        (range("b", "d", false, 9), ("b c", false)),
        (range("a", "z", false, 3), ("a b c", true)),
        (range("a", "z", true, 3), ("d c b", true)),
        (range("a", "d", true, 9), ("c b a", false)),
        (range("e", "z", false, 9), ("", false)),
        (range("z", "a", false, 9), ("", false)),
        (range("b", "b", false, 9), ("", false)),
    ] {
        assert_eq!(keys(&mut database, &wanted), (expected.0.into(), expected.1), "{wanted:?}");
    }
}

#[test]
fn a_damaged_file_is_refused_with_its_name() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store");
    let writes: Vec<_> = (0..2_000).map(|n| put(&format!("key {n}"), &"value".repeat(20))).collect();
    Database::open(&path).unwrap().write(writes.iter()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let at = good
        .windows(9)
        .position(|bytes| bytes == b"key 1000v")
        .or_else(|| good.windows(10).position(|bytes| bytes == b"valuevalue"));
    let mut bad = good.clone();
    bad[at.expect("the value is in the file")] ^= 1;
    for damaged in [bad, b"something else".repeat(1_000), good[..good.len() / 2].to_vec()] {
        std::fs::write(&path, damaged).unwrap();
        let error = Database::open(&path).map(drop).expect_err("damaged");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn a_record_that_cannot_be_used_is_named_with_its_file() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store");
    let mut database = Database::open(&path).unwrap();
    assert_eq!(database.load().unwrap(), Stored::default());
    database.write([put("room:1", "\u{7f}")].iter()).unwrap();
    let error = database.load().expect_err("a newer version").to_string();
    for part in [&path.display().to_string(), "version 127", "\"room:1\"", "newer"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_store_that_failed_is_tried_again() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store");
    let mut database = Database::open(&path).unwrap();
    database.write([put("a", "value")].iter()).unwrap();
    // As after a failure, and the file cannot be opened.
    database.file = None;
    let aside = home.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    assert_eq!(database.write([put("b", "value")].iter()), Err(Failure::Broken));
    assert!(!path.exists(), "no new one is made");
    std::fs::create_dir(&path).unwrap();
    assert_eq!(database.write([put("b", "value")].iter()), Err(Failure::Broken));
    assert!(database.read(&range("a", "z", false, 9)).is_err());
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(&aside, &path).unwrap();
    database.write([put("c", "value")].iter()).unwrap();
    assert_eq!(keys(&mut database, &range("a", "z", false, 9)), ("a c".into(), false));
}

#[test]
fn what_a_failed_commit_may_have_left_is_put_back_first() {
    let home = tempfile::tempdir().unwrap();
    let mut database = Database::open(&home.path().join("store")).unwrap();
    database.write([put("a", "1"), put("b", "1")].iter()).unwrap();
    let writes = [put("a", "2"), delete("b"), put("c", "2"), put("a", "3"), delete("c"), put("c", "4")];
    // As after a commit that failed and is on the disk all the same.
    let mut undo = Vec::new();
    commit(database.file().unwrap(), std::iter::once((&[][..], &writes[..])), &mut undo).unwrap();
    undo.reverse();
    (database.undo, database.file) = (undo, None);
    let found = database.read(&range("a", "z", false, 9)).unwrap();
    let values: Vec<_> = found.records.iter().map(|record| (&*record.key, &*record.value)).collect();
    assert_eq!(values, [(&b"a"[..], &b"1"[..]), (b"b", b"1")]);
    database.write([put("a", "5")].iter()).unwrap();
    assert_eq!(keys(&mut database, &range("a", "z", false, 9)), ("a b".into(), false), "once");
}

#[test]
fn a_store_is_filled_whole_or_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    let mut database = Database::open(&home.path().join("store")).unwrap();
    let number = |n: u64| Write { table: Table::Counters, key: b"c".to_vec(), value: Some(vec![n as u8]) };
    database.write([put("a", "swept"), number(1)].iter()).unwrap();
    let spans = [Span { table: Table::Rooms, from: Vec::new(), to: vec![0xff] }];
    let there = |database: &mut Database| keys(database, &range("", "z", false, 9)).0;
    let given = [Ok(vec![put("b", "1")]), Err("enough"), Ok(vec![put("c", "1")])];
    let failed = database.fill(&spans, given.into_iter());
    assert!(matches!(failed, Err(Unfilled::Given("enough"))), "{failed:?}");
    assert_eq!(there(&mut database), "a");
    let twice = [vec![put("b", "1"), put("c", "1")], vec![put("b", "2")]].map(Ok::<_, &str>);
    let failed = database.fill(&spans, twice.into_iter());
    assert!(matches!(failed, Err(Unfilled::Twice(Table::Rooms))), "{failed:?}");
    assert_eq!(there(&mut database), "a");
    let good = [vec![put("c", "1")], vec![put("b", "1"), number(2)]].map(Ok::<_, &str>);
    database.fill(&spans, good.into_iter()).unwrap();
    assert_eq!(there(&mut database), "b c");
    let counter = database.find(Table::Counters, &[b"c".to_vec()]).unwrap();
    assert_eq!(counter, [Some(vec![2])]);
}

#[test]
fn a_bit_that_flips_after_a_kill_hides_nothing_silently() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store");
    let mut database = Database::open(&path).unwrap();
    for key in ["a", "b", "c"] {
        database.write([put(key, &key.repeat(100))].iter()).unwrap();
    }
    // As a kill leaves it: nothing is closed.
    let killed = std::fs::read(&path).unwrap();
    let copy = home.path().join("copy");
    let all = range("a", "z", false, 9);
    let mut refused = 0;
    for at in (0..killed.len()).step_by(killed.len() / 600) {
        let mut flipped = killed.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&copy, &flipped).unwrap();
        std::fs::copy(Last::path(&path), Last::path(&copy)).unwrap();
        match Database::open(&copy) {
            Ok(mut found) => assert_eq!(keys(&mut found, &all), ("a b c".into(), false), "byte {at}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0, "some of the bits count");
}

#[test]
fn records_of_a_kind_that_is_not_known_are_not_left_out_silently() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store");
    drop(Database::open(&path).unwrap());
    let odd: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("oddities");
    let change = |act: &dyn Fn(&mut redb::Table<'_, Bytes, Bytes>)| {
        let file = open(&path, false).unwrap();
        let transaction = file.begin_write().unwrap();
        act(&mut transaction.open_table(odd).unwrap());
        transaction.commit().unwrap();
    };
    change(&|_| {});
    drop(Database::open(&path).expect("nothing is in it"));
    change(&|table| drop(table.insert(&b"a"[..], &b"b"[..]).unwrap()));
    let Err(refused) = Database::open(&path) else { panic!("it is left out") };
    assert!(matches!(&refused, StoreError::UnknownTable { table, .. } if table == "oddities"), "{refused}");
}
