use super::*;
use crate::model::meeting::{Meeting, SealedMessage};
use crate::store::{StoreRecord, Stored, Write, meetings};
use proptest::prelude::*;

/// All of it as lines. The messages are those of all meetings, in the order of meetings and places.
pub fn export(stored: &Stored, messages: &[(&Meeting, u64, SealedMessage)]) -> Result<Vec<String>, Damage> {
    let mut export = Export::default();
    let mut lines: Vec<String> = export.records(stored).collect();
    for meeting in &stored.meetings {
        lines.push(export.meeting(meeting));
        for (_, place, message) in messages.iter().filter(|(of, ..)| of.id == meeting.id) {
            lines.push(export.message(meeting, *place, message.clone()));
        }
        export.met(meeting)?;
    }
    lines.push(export.end());
    Ok(lines)
}

/// What lines put into an empty store.
pub fn import<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<(Vec<Write>, Imported), LineError> {
    let (mut import, mut writes) = (Import::default(), Vec::new());
    for line in lines {
        writes.extend(import.take(line.as_bytes())?);
    }
    Ok((writes, import.end()?))
}

fn reason(lines: &[&str]) -> (u64, String) {
    let error = import(lines.iter().copied()).expect_err("refused");
    (error.line, error.reason)
}

/// Good lines with their end.
fn ended(lines: &[&str]) -> Vec<String> {
    let lines = lines.iter().map(|line| (*line).to_owned());
    let mut lines: Vec<String> = lines.collect();
    lines.push(format!(r#"{{"end":{}}}"#, lines.len()));
    lines
}

const HEAD: &str = r#"{"corecast_export":1}"#;
const LAST: &str = r#"{"last_definition_id":7}"#;
const ROOM: &str = concat!(
    r#"{"room":{"channel":"room:hall","name":"Hall","description":"","owner":"ada","#,
    r#""created_ms":1,"updated_ms":2}}"#
);
const LOGOUT: &str = r#"{"logout":{"session":"000000000000000000000000000000ff","until_unix_s":9}}"#;
const MEETING: &str = concat!(
    r#"{"meeting":{"id":"r1","creator":"ada","members":["Bob@x.example"],"started":"s","ended":"","#,
    r#""created_ms":5,"messages":2,"first_place":3,"next_place":9}}"#
);
const FIRST: &str = r#"{"message":{"meeting":"r1","place":4,"id":"m1","salt":"s","data":"\u0000\"é","from":"ada","sent_ms":7}}"#;
const SECOND: &str =
    r#"{"message":{"meeting":"r1","place":8,"id":"m2","salt":"","data":"","from":"bob","sent_ms":8}}"#;
const REVOCATION: &str = r#"{"revocation":{"user":"ada","until_unix_s":7}}"#;
const ALL: [&str; 7] = [HEAD, LAST, ROOM, LOGOUT, MEETING, FIRST, SECOND];

/// Lines with one text replaced, in the one line that has it.
fn with(lines: &[&str], from: &str, to: &str) -> Vec<String> {
    let found = lines.iter().filter(|line| line.contains(from)).count();
    assert_eq!(found, 1, "{from}");
    let lines: Vec<String> = lines.iter().map(|line| line.replace(from, to)).collect();
    ended(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_group_comes_back_in_order() {
    let line = concat!(
        r#"{"group":{"channel":"conversation:1","creator":"ada","members":["eve","bob"],"#,
        r#""created_ms":1,"updated_ms":2}}"#
    );
    let lines = ended(&[HEAD, LAST, line]);
    let (writes, imported) = import(lines.iter().map(String::as_str)).expect("good");
    assert_eq!(imported, Imported { groups: 1, ..Imported::default() });
    let record =
        |Write { table, key, value }| StoreRecord { table, key, value: value.expect("nothing goes") };
    let stored = Stored::read(writes.into_iter().map(record)).expect("good");
    let members: Vec<&str> = stored.groups[0].members.iter().map(|member| &**member).collect();
    assert_eq!(members, ["bob", "eve"]);
    let sorted = line.replace(r#"["eve","bob"]"#, r#"["bob","eve"]"#);
    assert_eq!(export(&stored, &[]).expect("whole"), ended(&[HEAD, LAST, &sorted]));
    let twice = ended(&[HEAD, LAST, line, line]);
    assert_eq!(reason(&twice.iter().map(String::as_str).collect::<Vec<_>>()).0, 4);
}

#[test]
fn a_recording_comes_back_with_its_people_in_order() {
    let line = concat!(
        r#"{"recording":{"id":"rec_1","call":"call_1","conversation":"c1","video":true,"started_by":"ada","#,
        r#""started_ms":1000,"ended_ms":5000,"people":["eve","bob"]}}"#
    );
    let lines = ended(&[HEAD, LAST, line]);
    let (writes, imported) = import(lines.iter().map(String::as_str)).expect("good");
    assert_eq!(imported, Imported { recordings: 1, ..Imported::default() });
    let record =
        |Write { table, key, value }| StoreRecord { table, key, value: value.expect("nothing goes") };
    let stored = Stored::read(writes.into_iter().map(record)).expect("good");
    assert!(stored.recordings[0].is_of("bob") && stored.recordings[0].is_of("ada"));
    let sorted = line.replace(r#"["eve","bob"]"#, r#"["bob","eve"]"#);
    assert_eq!(export(&stored, &[]).expect("whole"), ended(&[HEAD, LAST, &sorted]));
    for wrong in [line.to_owned(), line.replace("rec_1", ""), line.replace("5000", "999")] {
        let lines = ended(&[HEAD, LAST, line, &wrong]);
        assert_eq!(reason(&lines.iter().map(String::as_str).collect::<Vec<_>>()).0, 4, "{wrong}");
    }
}

#[test]
fn a_push_subscription_comes_back_with_its_number_and_is_there_once() {
    let line = concat!(
        r#"{"push_subscription":{"number":7,"user":"ada","endpoint":"https://push.example.com/1","#,
        r#""p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","#,
        r#""auth":"BTBZMqHH6r4Tts7J_aSIgg"}}"#
    );
    let lines = ended(&[HEAD, LAST, line]);
    let (writes, imported) = import(lines.iter().map(String::as_str)).expect("good");
    assert_eq!(imported, Imported { push_subscriptions: 1, ..Imported::default() });
    let record =
        |Write { table, key, value }| StoreRecord { table, key, value: value.expect("nothing goes") };
    let stored = Stored::read(writes.into_iter().map(record)).expect("good");
    assert_eq!((stored.push_subscriptions[0].0, stored.last_push_number), (7, 7));
    assert_eq!(export(&stored, &[]).expect("whole"), lines);
    let another = line.replace("\"number\":7", "\"number\":8");
    for wrong in [
        line,
        &another,
        &line.replace("\":7", "\":0"),
        &line.replace("https", "ftp"),
        &line.replace("BCV", "BCW"),
    ] {
        let lines = ended(&[HEAD, LAST, line, wrong]);
        assert_eq!(reason(&lines.iter().map(String::as_str).collect::<Vec<_>>()).0, 4, "{wrong}");
    }
}

#[test]
fn lines_are_what_they_were() {
    let mut lines = ended(&[HEAD, LAST, ROOM, LOGOUT, REVOCATION, MEETING, FIRST, SECOND]);
    let (writes, imported) = import(lines.iter().map(String::as_str)).expect("good");
    let all =
        Imported { rooms: 1, meetings: 1, messages: 2, logouts: 1, revocations: 1, ..Imported::default() };
    assert_eq!(imported, all);
    let record =
        |Write { table, key, value }| StoreRecord { table, key, value: value.expect("nothing goes") };
    let records: Vec<StoreRecord> = writes.into_iter().map(record).collect();
    let stored = Stored::read(records.clone()).expect("good");
    assert_eq!((stored.last_definition_id, stored.rooms[0].1.id.as_str()), (7, "hall"));
    assert_eq!((&stored.logouts[..], &stored.revocations[..]), (&[(255, 9)][..], &[("ada".into(), 7)][..]));
    let of = |record: &&StoreRecord| record.table == crate::store::Table::MeetingMessages;
    let read = |record| meetings::read_message(record).expect("good");
    let messages: Vec<_> = records.iter().filter(of).map(read).collect();
    let messages = messages.into_iter().map(|(place, message)| (&stored.meetings[0], place, message));
    let messages: Vec<_> = messages.collect();
    assert_eq!(export(&stored, &messages).expect("whole"), lines);
    assert!(export(&stored, &messages[..1]).is_err(), "one is missing");
    lines.insert(2, " \r".to_owned());
    assert!(import(lines.iter().map(String::as_str)).is_ok(), "an empty line says nothing");
}

#[test]
fn what_is_no_export_is_refused_at_its_line() {
    assert_eq!(reason(&[]).0, 1);
    assert_eq!(reason(&[ROOM]).0, 1);
    assert!(reason(&[r#"{"corecast_export":2}"#]).1.contains("form 2"));
    assert_eq!(reason(&[HEAD, "", "{"]).0, 3);
    assert!(reason(&[HEAD, r#"{"chair":{}}"#]).1.contains("chair"));
    assert!(reason(&[HEAD, &ROOM.replace("ada\",", "ada\",\"colour\":1,")]).1.contains("colour"));
    assert!(reason(&[HEAD, ROOM, ROOM]).1.contains("twice"));
    assert!(reason(&[HEAD, HEAD]).1.contains("another"));
    assert!(reason(&[HEAD, &ROOM.replace("room:hall", "hall")]).1.contains("\"hall\""));
    assert!(reason(&[HEAD, LOGOUT, LOGOUT]).1.contains("twice"));
    assert!(reason(&[HEAD, &LOGOUT.replace("00ff", "0+ff")]).1.contains("hexadecimal"));
    let mut import = Import::default();
    assert_eq!(import.take(HEAD.as_bytes()), Ok(Vec::new()));
    assert_eq!(import.take(b"{\"room\":\xff}").expect_err("no text").line, 2);
}

#[test]
fn what_is_cut_is_refused() {
    let lines = ended(&ALL);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for missing in 0..lines.len() {
        let rest = [&lines[..missing], &lines[missing + 1..]].concat();
        assert!(import(rest).is_err(), "without {}", lines[missing]);
        assert!(import(lines[..missing].iter().copied()).is_err(), "up to {}", lines[missing]);
    }
    let (line, reason) = reason(&ALL);
    assert!(line == 8 && reason.contains("cut off"), "{line} {reason}");
    assert!(import([&lines[..], &[LAST]].concat()).expect_err("more").reason.contains("the last"));
}

#[test]
fn a_meeting_that_contradicts_itself_is_refused() {
    for (from, to, line, word) in [
        ("\"messages\":2", "\"messages\":3", 8, "line 5 should have 3 messages, and 2 came"),
        ("\"messages\":2", "\"messages\":1", 8, "and 2 came"),
        ("\"messages\":2", "\"messages\":7", 5, "6 places"),
        ("\"first_place\":3", "\"first_place\":0", 5, "0 to 9"),
        ("\"first_place\":3", "\"first_place\":10", 5, "10 to 9"),
        ("\"next_place\":9", "\"next_place\":9007199254740992", 5, "places"),
        ("\"first_place\":3", "\"first_place\":5", 6, "from 5 to below 9"),
        ("\"next_place\":9", "\"next_place\":8", 7, "from 5 to below 8"),
        ("\"place\":8", "\"place\":4", 7, "from 5 to below 9"),
        ("\"id\":\"r1\"", "\"id\":\"r\\u0000\"", 5, "id"),
        ("\"id\":\"r1\"", "\"id\":\"\"", 5, "id"),
        ("\"id\":\"r1\"", "\"id\":\"r2\"", 6, "follow"),
        ("\"id\":\"m2\"", "\"id\":\"\\n\"", 7, "id"),
    ] {
        let lines = with(&ALL, from, to);
        let error = import(lines.iter().map(String::as_str)).expect_err(to);
        assert!(error.line == line && error.reason.contains(word), "{to}: {error}");
    }
    assert!(reason(&[HEAD, FIRST]).1.contains("follow"));
    let empty = MEETING.replace("\"messages\":2", "\"messages\":0");
    assert!(reason(&[HEAD, &empty, &empty]).1.contains("twice"));
    assert!(reason(&[HEAD, MEETING, FIRST, ROOM]).1.contains("and 1 came"));
}

#[test]
fn ids_of_definitions_go_on() {
    let last = |before, lines: &[&str]| {
        let mut import = Import::new(before);
        let lines = ended(lines);
        let writes = lines.iter().flat_map(|line| import.take(line.as_bytes()).expect("good"));
        let record =
            |Write { table, key, value }| StoreRecord { table, key, value: value.expect("nothing goes") };
        Stored::read(writes.map(record).collect::<Vec<_>>()).expect("good").last_definition_id
    };
    assert_eq!(last(0, &[HEAD, LAST]), 7);
    assert_eq!(last(9, &[HEAD, LAST]), 9, "what the store gave before is not given again");
}

proptest! {
    #[test]
    fn any_text_comes_back(salt in any::<String>(), data in any::<String>()) {
        let mut import = Import::default();
        let mut export = Export::default();
        let meeting = Meeting {
            id: "r".into(),
            creator: data.as_str().into(),
            members: vec![salt.as_str().into()],
            started: salt.as_str().into(),
            ended: data.as_str().into(),
            created_ms: 1,
            messages: 1,
            bytes: 0,
            first_place: 1,
            next_place: 2,
        };
        let message = SealedMessage {
            id: "m".into(),
            salt: salt.as_str().into(),
            data: data.as_str().into(),
            from: data.as_str().into(),
            sent_ms: 1,
        };
        let lines = [export.meeting(&meeting), export.message(&meeting, 1, message.clone())];
        import.take(HEAD.as_bytes()).expect("good");
        let mut writes = Vec::new();
        for line in lines {
            prop_assert!(!line.contains('\n'));
            writes.extend(import.take(line.as_bytes()).expect("good"));
        }
        prop_assert_eq!(&writes[..], meetings::put_message("r", 1, &message));
        // With the line behind its messages, their bytes are known.
        let writes = import.take(LAST.as_bytes()).expect("good");
        let meeting = Meeting { bytes: message.bytes(), ..meeting };
        prop_assert_eq!(&writes[0], &meetings::put(&meeting));
    }

    #[test]
    fn any_bytes_are_refused_or_read(lines in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let mut import = Import::default();
        import.take(HEAD.as_bytes()).expect("good");
        for line in lines {
            let _ = import.take(&line);
        }
    }
}
