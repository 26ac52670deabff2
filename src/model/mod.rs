//! Floor 1: the broker's own words. Wire formats are not known here; `docs/glossary.md` defines each word.

pub mod access;
pub mod admin;
pub mod channel;
pub mod command;
pub mod definition;
pub mod fault;
pub mod group;
pub mod meeting;
pub mod node;
pub mod pace;
pub mod people;
pub mod publication;
pub mod realm;
pub mod record;
pub mod relay;
pub mod reply;
pub mod session;
pub mod settings;
pub mod web_push;
