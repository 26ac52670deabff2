//! A recorder in memory, with its files: it answers as it is told to, offers and answers like one that hears nothing, and has the
//! alphabet in every file.

use corecast::model::people::file::FileJob;
use corecast::model::people::recorder::{RecorderJob, RecorderNews, RecorderRefusal, RecorderWord};
use corecast::model::people::signal::SignalKind;
use corecast::shard::{EffectId, Resolution};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What every file has.
const FILE: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";

#[derive(Default)]
pub struct Recorder {
    /// How it refuses to begin, if it does.
    refuses: Option<RecorderRefusal>,
    /// It answers nothing for now.
    is_stalled: bool,
    /// The core of each recording that runs.
    running: BTreeMap<Arc<str>, usize>,
    files: BTreeMap<Arc<str>, &'static [u8]>,
    waiting: VecDeque<(usize, EffectId, Result<RecorderJob, FileJob>)>,
    news: VecDeque<(usize, RecorderNews)>,
    /// Candidates that it was sent.
    candidates: usize,
}

impl Recorder {
    pub fn ask(&mut self, core: usize, id: EffectId, job: Result<RecorderJob, FileJob>) {
        self.waiting.push_back((core, id, job));
    }

    /// The next job that is done, for whom and with what.
    pub fn answer(&mut self) -> Option<(usize, EffectId, Resolution)> {
        if self.is_stalled {
            return None;
        }
        let (core, id, job) = self.waiting.pop_front()?;
        let resolution = match job {
            Ok(job) => Resolution::Recorder(self.record(core, job)),
            Err(FileJob::Read { recording, from, bytes }) => {
                let file = self.files.get(&recording).copied().unwrap_or_default();
                let rest = file.get(from as usize..).unwrap_or_default();
                // Some at a time, so that a file takes several pieces.
                Resolution::Piece(rest[..rest.len().min(bytes as usize).min(10)].to_vec())
            }
            Err(FileJob::Delete { recording }) => {
                self.files.remove(&recording);
                Resolution::Piece(Vec::new())
            }
        };
        Some((core, id, resolution))
    }

    fn record(&mut self, core: usize, job: RecorderJob) -> Result<u64, RecorderRefusal> {
        match job {
            RecorderJob::Open { recording, .. } => match self.refuses {
                Some(refusal) => Err(refusal),
                None => {
                    self.running.insert(recording, core);
                    Ok(0)
                }
            },
            RecorderJob::Close { recording } => {
                if self.running.remove(&recording).is_some() {
                    self.files.insert(recording.clone(), FILE);
                }
                Ok(self.files.get(&recording).map_or(0, |file| file.len() as u64))
            }
            RecorderJob::Forget { recording } => {
                self.running.remove(&recording);
                self.files.remove(&recording);
                Ok(0)
            }
        }
    }

    /// A core says something.
    pub fn hear(&mut self, word: RecorderWord) {
        let signal = |recording: &Arc<str>, to, kind, sdp: &str| RecorderNews::Signal {
            recording: recording.clone(),
            to,
            kind,
            json: format!("{{\"sdp\":\"{sdp}\"}}").into(),
        };
        let news = match word {
            RecorderWord::Came { recording, user } => {
                let offer = signal(&recording, user, SignalKind::Offer, "listen");
                (recording, offer)
            }
            RecorderWord::Signal { recording, from, kind: SignalKind::Offer, .. } => {
                let answer = signal(&recording, from, SignalKind::Answer, "hear");
                (recording, answer)
            }
            RecorderWord::Signal { kind: SignalKind::Candidate, .. } => return self.candidates += 1,
            RecorderWord::Signal { .. } | RecorderWord::Left { .. } => return,
        };
        if let Some(core) = self.running.get(&news.0) {
            self.news.push_back((*core, news.1));
        }
    }

    /// What it says next, and to which core.
    pub fn news(&mut self) -> Option<(usize, RecorderNews)> {
        if self.is_stalled { None } else { self.news.pop_front() }
    }

    /// Everything that runs has reached a bound.
    fn is_full(&mut self) {
        let ended =
            self.running.iter().map(|(id, core)| (*core, RecorderNews::Ended { recording: id.clone() }));
        self.news.extend(ended);
    }

    /// What the recorder does from now on, or what it has.
    pub fn happens(&mut self, what: &[&str]) -> Result<(), String> {
        match *what {
            ["well"] => (self.refuses, self.is_stalled) = (None, false),
            ["stalled"] => self.is_stalled = true,
            ["refuses", why] => {
                self.refuses = Some(match why {
                    "too-many" => RecorderRefusal::TooMany,
                    "too-many-of-yours" => RecorderRefusal::TooManyOfYours,
                    "no-room" => RecorderRefusal::NoRoom,
                    "disk-full" => RecorderRefusal::DiskFull,
                    "broken" => RecorderRefusal::Broken,
                    _ => return Err(format!("no recorder refuses so: {why}")),
                });
            }
            ["is", "full"] => self.is_full(),
            ["has", count, "files"] => {
                let has = (self.files.len(), self.candidates);
                if count.parse() != Ok(has.0) || has.1 > 0 {
                    return Err(format!("it has {} files and was sent {} candidates", has.0, has.1));
                }
            }
            _ => return Err("no recorder does that".into()),
        }
        Ok(())
    }

    /// The process is killed.
    pub fn restart(&mut self) {
        self.running.clear();
        self.waiting.clear();
        self.news.clear();
    }
}
