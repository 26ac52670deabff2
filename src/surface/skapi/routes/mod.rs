//! Endpoints: what each is asked, and how it answers.

pub mod documents;
pub mod others;
