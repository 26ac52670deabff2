//! Plays every file under `transcripts/` in several manners.

use crate::forms;
use crate::pages;
use crate::play::play;
use crate::script::{Kind, Step, parse};
use crate::settings::Settings;
use crate::world::Manner;
use std::path::{Path, PathBuf};

const WHOLE: Manner = Manner { byte_by_byte: false, sip_bytes: 0 };
const BYTES: Manner = Manner { byte_by_byte: true, sip_bytes: 0 };
/// Every write is cut short, in the middle of frames and heads.
const SIPS: Manner = Manner { byte_by_byte: false, sip_bytes: 7 };

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/transcripts")
}

/// A transcript: its steps, and what its head says.
struct Transcript {
    text: String,
    steps: Vec<Step>,
    settings: Settings,
}

impl Transcript {
    fn read(text: &str) -> Self {
        let mut settings = Settings::default();
        let mut setup = |step: &Step| match &step.kind {
            Kind::Happens(event) => settings.take(event),
            _ => false,
        };
        let steps = parse(text).into_iter().flat_map(shown).filter(|step| !setup(step)).collect();
        Self { text: text.to_owned(), steps, settings }
    }

    /// Plays it in every manner: on one core and on three where it does not say how many, with input in one piece and
    /// byte by byte, with output in one piece and in sips.
    fn check(&self) -> Result<(), String> {
        let cores = self.settings.cores.map_or(vec![1, 3], |cores| vec![cores]);
        for cores in cores {
            for (manner, name) in [(WHOLE, "whole"), (BYTES, "byte by byte"), (SIPS, "in sips")] {
                self.play(&self.steps, cores, manner, name)?;
            }
        }
        Ok(())
    }

    /// Plays it in the other forms that mean the same.
    fn check_forms(&self) -> Result<(), String> {
        let cores = self.settings.cores.unwrap_or(3);
        for prefix in forms::PREFIXES {
            self.play(&forms::below(prefix, &self.steps), cores, WHOLE, prefix)?;
        }
        self.play(&forms::in_version_1(&self.steps), cores, WHOLE, "in version 1")
    }

    fn play(&self, steps: &[Step], cores: u16, manner: Manner, name: &str) -> Result<(), String> {
        let played = std::panic::catch_unwind(|| play(steps, &self.settings, cores, manner));
        let (line, what) = match played {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => (0, "it panicked, see above".into()),
        };
        let source = self.text.lines().nth(line.wrapping_sub(1)).unwrap_or_default();
        Err(format!("line {line} ({cores} cores, {name})\n  {source}\n  {what}"))
    }
}

/// A step, or what stands in its place on a page.
fn shown(step: Step) -> Vec<Step> {
    match &step.kind {
        Kind::Page(said) => pages::steps(&step, said),
        Kind::Happens(event) => match pages::claims(event) {
            Some(event) => vec![Step { line: step.line, kind: Kind::Happens(event) }],
            None => vec![step],
        },
        _ => vec![step],
    }
}

fn check(text: &str) -> Result<(), String> {
    Transcript::read(text).check()
}

/// The texts of a surface's transcripts with their names.
pub fn texts(surface: &str) -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> =
        directory().join(surface).read_dir().expect(surface).map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are transcripts of {surface}");
    let named = |path: &PathBuf| {
        let name = format!("{surface}/{}", path.file_name().unwrap().to_string_lossy());
        (name, std::fs::read_to_string(path).expect("a transcript"))
    };
    paths.iter().map(named).collect()
}

fn play_all(surface: &str) {
    each(surface, Transcript::check);
}

fn each(surface: &str, check: fn(&Transcript) -> Result<(), String>) {
    let wanted = std::env::var("TRANSCRIPT").unwrap_or_default();
    let texts = texts(surface).into_iter().filter(|(name, _)| name.contains(&wanted));
    let failed = |(name, text): (String, String)| {
        check(&Transcript::read(&text)).err().map(|what| format!("{name}: {what}"))
    };
    let failures: Vec<String> = texts.filter_map(failed).collect();
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n\n"));
}

#[test]
fn http() {
    play_all("http");
}

#[test]
fn mdaemon() {
    play_all("mdaemon");
}

#[test]
fn node() {
    play_all("node");
}

#[test]
fn what_the_pages_show() {
    play_all("pages");
}

#[test]
fn quikapp() {
    play_all("quikapp");
}

#[test]
fn quikapp_below_each_prefix_and_in_each_serializer() {
    each("quikapp", Transcript::check_forms);
}

#[test]
fn retrochat() {
    play_all("retrochat");
}

#[test]
fn skapi() {
    play_all("skapi");
}

#[test]
fn websocket() {
    play_all("websocket");
}

#[test]
fn xano() {
    play_all("xano");
}

#[test]
fn every_transcript_is_played() {
    let folders = directory().read_dir().unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = folders
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["http", "mdaemon", "node", "pages", "quikapp", "retrochat", "skapi", "websocket", "xano"]
    );
}

/// The player itself: what does not fit is found.
#[test]
fn a_transcript_that_is_wrong_fails() {
    let open = "@ open a /v1/realtime as ada\n";
    let ping = "a> {\"type\":\"ping\"}\n";
    let pong = "a< {\"type\":\"pong\"}\n";
    let good = format!("{open}{ping}{pong}");
    assert_eq!(check(&good), Ok(()));
    let wrong = [
        (format!("{open}{ping}"), "was not expected"),
        (format!("{open}{ping}@ advance 1s\n{pong}"), "was not expected"),
        (format!("{open}{ping}{pong}{pong}"), "gets nothing"),
        (format!("{open}{ping}a< {{\"type\":\"pang\"}}\n"), "differs here"),
        (format!("{open}{ping}a<ping\n"), "differs here"),
        (format!("{open}a> {{\"type\":\"ping\",\"id\":\"rc_ada\"}}\na< $*\n"), "a key was shown"),
        (format!("{good}a! closed\n"), "still connected"),
        (format!("{good}a! 1000\n"), "gets nothing"),
        (format!("{open}a>hex ff\n"), "was not expected"),
        ("a> GET /none\na< 200\n".to_owned(), "the status is 404"),
        ("a> GET /health\na< 200\n".to_owned(), "the body differs from its byte 0 on"),
        ("a> GET /none\na< 404\n   Retry-After: 1\n   {$*}\n".to_owned(), "no field Retry-After"),
        (
            "a> GET /none\n   Connection: close\na< 404\n   {$*}\n".to_owned(),
            "not expected: Connection: close",
        ),
    ];
    for (text, reason) in wrong {
        let what = check(&text).expect_err(&text);
        assert!(what.contains(reason), "{text}: {what}");
    }
}
