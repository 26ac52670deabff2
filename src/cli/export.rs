//! `corecast export` and `corecast import`: what is stored, as lines of JSON.

use super::{Failure, load, print, written};
use crate::config::data_lock::{self, DataLock};
use crate::config::{Config, Sources, data_dir};
use crate::model::meeting::Meeting;
use crate::runtime::side::store::{Database, Unfilled};
use crate::server::STORE_FILE;
use crate::store::lines::{Export, Import, Imported};
use crate::store::{Stored, Write as Change, meetings};
use std::io::{BufRead, BufWriter, Read, Write};
use std::path::Path;

/// Messages of a meeting, and their bytes, that are in memory at once, but at least one.
const PAGE_MESSAGES_MAX: u32 = 1_000;
const PAGE_BYTES_MAX: u32 = 1 << 20;

/// Bytes of a line: more than what any limit lets into a record, with every byte of it escaped.
const LINE_BYTES_MAX: u64 = 128 << 20;

/// Writes all that is stored to standard output.
pub(super) fn export(sources: &Sources) -> Result<(), Failure> {
    let config = load(sources)?;
    let _lock = lock(&config)?;
    let path = config.data_dir.join(STORE_FILE);
    if !path.exists() {
        return Err(Failure::Said(format!(
            "there is no store {} yet: nothing was ever stored",
            path.display()
        )));
    }
    let mut database = Database::open(&path)?;
    let stored = database.load()?;
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let mut lines = Export::default();
    for line in lines.records(&stored) {
        written(writeln!(stdout, "{line}"))?;
    }
    for meeting in &stored.meetings {
        written(writeln!(stdout, "{}", lines.meeting(meeting)))?;
        export_messages(&mut database, meeting, &mut lines, &mut stdout)?;
        lines.met(meeting)?;
    }
    written(writeln!(stdout, "{}", lines.end()).and_then(|()| stdout.flush()))
}

fn export_messages(
    database: &mut Database,
    meeting: &Meeting,
    lines: &mut Export,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut after = 0;
    loop {
        let range = meetings::page(meeting, after, PAGE_MESSAGES_MAX, PAGE_BYTES_MAX);
        let failed =
            |failure: crate::shard::Failure| format!("messages cannot be read: {}", failure.reason());
        let found = database.read(&range).map_err(failed)?;
        for record in &found.records {
            let (place, message) = meetings::read_message(record)?;
            written(writeln!(out, "{}", lines.message(meeting, place, message)))?;
            after = place;
        }
        if !found.more {
            return Ok(());
        }
    }
}

/// Stores all that comes from standard input, or nothing of it.
pub(super) fn import(sources: &Sources) -> Result<(), Failure> {
    let config = load(sources)?;
    data_dir::prepare(&config.data_dir, false)?;
    let _lock = lock(&config)?;
    let path = config.data_dir.join(STORE_FILE);
    let was_there = path.exists();
    let imported = import_into(&path);
    if imported.is_err() && !was_there {
        // It is empty; where this fails, it stays so.
        let _ = std::fs::remove_file(&path);
    }
    print(format_args!("imported {}", counted(&imported?)))
}

fn import_into(path: &Path) -> Result<Imported, Failure> {
    let mut database = Database::open(path)?;
    let there = database.load()?;
    let (last_definition_id, last_push_number) = (there.last_definition_id, there.last_push_number);
    if there != (Stored { last_definition_id, last_push_number, ..Stored::default() }) {
        let there = Imported {
            definitions: there.definitions.len() as u64,
            rooms: there.rooms.len() as u64,
            groups: there.groups.len() as u64,
            meetings: there.meetings.len() as u64,
            messages: there.meetings.iter().map(|meeting| meeting.messages).sum(),
            logouts: there.logouts.len() as u64,
            revocations: there.revocations.len() as u64,
            devices: there.devices.len() as u64,
            recordings: there.recordings.len() as u64,
            push_subscriptions: there.push_subscriptions.len() as u64,
        };
        let (path, there) = (path.display(), counted(&there));
        return Err(Failure::Said(format!(
            "the store {path} has {there}; import into a data directory without any"
        )));
    }
    let mut import = Import::new(last_definition_id);
    let mut imported = Imported::default();
    let lines = Lines { import: &mut import, imported: &mut imported, input: std::io::stdin().lock() };
    match database.fill(&meetings::all_messages(), lines) {
        Ok(()) => Ok(imported),
        Err(Unfilled::Given(failure)) => Err(failure),
        Err(Unfilled::Twice(_)) => {
            Err(import.wrong("a message with this id is there twice in its meeting".into()).into())
        }
        Err(Unfilled::Failed(failure)) => {
            Err(Failure::Said(format!("nothing was imported: {}", failure.reason())))
        }
    }
}

/// Lines of standard input, as the writes that they make.
struct Lines<'a, R> {
    import: &'a mut Import,
    imported: &'a mut Imported,
    input: R,
}

impl<R: BufRead> Iterator for Lines<'_, R> {
    type Item = Result<Vec<Change>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        let read = (&mut self.input).take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        Some(match read {
            Err(error) => Err(error.into()),
            Ok(0) => match self.import.end() {
                Ok(imported) => {
                    *self.imported = imported;
                    return None;
                }
                Err(error) => Err(error.into()),
            },
            Ok(_) => self.import.take(&line).map_err(Failure::from),
        })
    }
}

fn lock(config: &Config) -> Result<DataLock, Failure> {
    Ok(data_lock::lock(&config.data_dir)?)
}

fn counted(all: &Imported) -> String {
    let count = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let Imported { definitions, rooms, groups, meetings, messages, logouts, devices, recordings, .. } = *all;
    let (push, revocations) = (all.push_subscriptions, all.revocations);
    format!(
        "{}, {}{}, {} with {}, {}{}{}{} and {}",
        count(definitions, "definition"),
        count(rooms, "room"),
        if groups > 0 { format!(", {}", count(groups, "group")) } else { String::new() },
        count(meetings, "meeting"),
        count(messages, "message"),
        count(logouts, "logout"),
        if revocations > 0 { format!(", {}", count(revocations, "revocation")) } else { String::new() },
        if recordings > 0 { format!(", {}", count(recordings, "recording")) } else { String::new() },
        if push > 0 { format!(", {}", count(push, "push subscription")) } else { String::new() },
        count(devices, "device")
    )
}
