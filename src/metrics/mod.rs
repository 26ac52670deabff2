//! Floor 2: what the broker counts. Each core has its own [`Counters`](counters::Counters), plain numbers that only it touches;
//! a scrape copies them, adds them up and writes them as Prometheus text.

pub mod beside;
pub mod counters;
pub mod histogram;
pub mod render;
mod text;
pub mod words;
