//! The broker from outside, in memory: transcripts of what clients send and get, played through one or several
//! shards by a driver that keeps to the contract of [`corecast::shard::Shard`].
//!
//! `transcripts/README.md` says how a transcript is written. `attacks.rs` has what cannot be written as one.

mod attacks;
mod catching_up;
mod client;
mod covered;
mod define;
mod disk;
mod forms;
mod history_log;
mod operating;
mod pages;
mod pattern;
mod people;
mod play;
mod push_service;
mod pushing;
mod recorder;
mod relay;
mod script;
mod settings;
mod tokens;
mod transcripts;
mod turns;
mod unfinished;
mod wire;
mod world;
