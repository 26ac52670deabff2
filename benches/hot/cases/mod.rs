//! What is timed and counted, one file for each structure. A case is set up once and then turned many times; a turn
//! leaves the structure as it found it, so that all turns cost the same.

mod fanout;
mod groups;
mod home;
mod http;
mod mesh;
mod publish;
mod quikapp;
mod retrochat;
mod script;
mod shards;
mod websocket;
mod whispers;
mod xano;

/// One thing that is done again and again.
pub struct Case {
    /// Its name within its group.
    pub name: &'static str,
    /// How many of what it is about one turn handles.
    pub elements: u64,
    /// Sets it up; what comes back is one turn.
    pub make: fn() -> Box<dyn FnMut()>,
}

/// Every case, by group.
pub const GROUPS: &[(&str, &[Case])] = &[
    ("websocket", websocket::CASES),
    ("http", http::CASES),
    ("retrochat", retrochat::CASES),
    ("xano", xano::CASES),
    ("script", script::CASES),
    ("home", home::CASES),
    ("fanout", fanout::CASES),
    ("mesh", mesh::CASES),
    ("publish", publish::CASES),
    ("groups", groups::CASES),
    ("whispers", whispers::CASES),
    ("quikapp", quikapp::CASES),
];
