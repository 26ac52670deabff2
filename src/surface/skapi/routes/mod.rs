//! Endpoints: what each is asked, and how it answers.

mod conditions;
pub mod documents;
pub mod groups;
pub mod others;
pub mod push;
