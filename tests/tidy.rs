//! The law of the house: what ARCHITECTURE.md and CONTRIBUTING.md promise about the source itself.
//!
//! Each test says what is wrong, where, and what to do. Lists of exceptions only shrink: an exception that is
//! no longer needed is an error too.

#[path = "tidy/pages.rs"]
mod pages;
#[path = "tidy/source.rs"]
mod source;

use source::{all_sources, files, functions, parts, read, sources, words};
use std::collections::{BTreeMap, BTreeSet};

/// Functions longer than [`FUNCTION_LINES_MAX`], with their lines. Do not add to it.
const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[];

/// Counters that nothing counts yet. Do not add to it.
const UNCOUNTED: &[&str] = &[];

/// Types larger than [`FIELDS_MAX`] or [`METHODS_MAX`], with the fields and methods that they may have at most. A function
/// of their module that is handed the whole of one counts as a method of it. Lower these when the type has shrunk; do not
/// raise them.
const LARGE_TYPES: &[(&str, &str, usize, usize)] =
    &[("base", "Limits", 46, 0), ("metrics", "Counters", 36, 10), ("shard", "Shard", 8, 68)];

/// How far below its bound a large type may be before the bound is lowered.
const LARGE_TYPE_SLACK: usize = 12;

const FIELDS_MAX: usize = 24;
const METHODS_MAX: usize = 48;
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// What code below floor 4 may not name, whatever it is called for.
const OUTSIDE_WORLD: &[&str] = &[
    "std::time::Instant",
    "Instant::now",
    "SystemTime::now",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "thread_local!",
    "HashMap::new",
    "HashSet::new",
    "RandomState",
    "Mutex",
    "RwLock",
    "async fn",
    ".await",
    "println!",
    "getrandom::",
    "glommio::",
    "io_uring::",
    "libc::",
    "socket2::",
    "tracing::",
];

/// Words that the code does not use, and the one it does; see docs/glossary.md.
const SYNONYMS: &[(&str, &str)] = &[
    ("chan", "channel"),
    ("conn", "connection"),
    ("conns", "connections"),
    ("ctx", "context"),
    ("helper", "a name that says what it does"),
    ("manager", "a name that says what it does"),
    ("msg", "message"),
    ("seqno", "offset"),
    ("subs", "subscriptions or subscribers"),
    ("topic", "channel"),
    ("topics", "channels"),
];

#[test]
fn modules_use_lower_floors_only() {
    let mut wrong = Vec::new();
    for source in sources(&["src"]) {
        let (Some(module), Some(floor)) = (source.module(), source.floor()) else { continue };
        for (place, line) in source.lines(&source.code) {
            for (_, used) in line.match_indices("crate::").map(|(at, found)| line.split_at(at + found.len()))
            {
                let used = words(used).next().unwrap_or_default();
                let allowed = used == module || source::floor_of(used) < floor || floor == 5;
                if used.is_empty() || !allowed {
                    wrong.push(format!("{place}: {module} (floor {floor}) names `{used}`"));
                }
            }
        }
    }
    expect_none(wrong, "a module may name lower floors only, one `use crate::` a line");
}

/// Whether a line names something, and not only a longer word that begins alike.
fn mentions(line: &str, named: &str) -> bool {
    let continues = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(named).any(|(at, _)| named.ends_with("::") || !continues(&line[at + named.len()..]))
}

#[test]
fn nothing_below_floor_4_touches_the_outside_world() {
    let mut wrong = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| source.floor().is_some_and(|floor| floor < 4)) {
        for (place, line) in source.lines(source.code_without_tests()) {
            for named in OUTSIDE_WORLD.iter().filter(|named| mentions(line, named)) {
                wrong.push(format!("{place}: {named}"));
            }
        }
    }
    expect_none(wrong, "time, randomness, I/O and waiting are for floor 4; take them as arguments");
}

#[test]
fn a_surface_is_named_at_home_only() {
    let list = read("src/surface/mod.rs");
    let folders: BTreeSet<String> = files("src/surface")
        .iter()
        .filter_map(|path| {
            path.strip_prefix("src/surface/")?.split_once('/').map(|(folder, _)| folder.to_owned())
        })
        .filter(|folder| folder != "node")
        .collect();
    assert!(!folders.is_empty(), "there is a surface");
    let mut wrong = Vec::new();
    for surface in &folders {
        let (home, declaration) = (format!("src/surface/{surface}/"), format!("mod {surface};"));
        assert!(list.contains(&declaration), "src/surface/mod.rs declares {surface}");
        for source in sources(&["src"]) {
            // Each surface may have a table of settings, in a file of its own, which these name.
            let settings = [surface.as_str(), "mod", "root", "settings", "data_dir"]
                .map(|name| format!("src/config/{name}.rs"));
            let is_table = settings.contains(&source.path) || source.path.starts_with("src/config/tests");
            if source.path.starts_with(&home) || source.path == "src/surface/list.rs" || is_table {
                continue;
            }
            for (place, line) in source.lines(&source.text) {
                if line.to_lowercase().contains(surface) && line.trim_start_matches("pub ") != declaration {
                    wrong.push(format!("{place}: {}", line.trim()));
                }
            }
        }
    }
    expect_none(
        wrong,
        "a surface's name stands in its folder, src/surface/list.rs, tests, config and docs only",
    );
}

#[test]
fn files_are_short() {
    let sources = all_sources();
    let mut lengths: Vec<usize> = sources.iter().map(|source| source.text.lines().count()).collect();
    let wrong = sources.iter().zip(&lengths).filter(|(_, lines)| **lines > FILE_LINES_MAX);
    let wrong = wrong.map(|(source, lines)| format!("{}: {lines} lines", source.path)).collect();
    expect_none(wrong, "split the file by what it is about");
    lengths.sort_unstable();
    println!("{} files, median {} lines", lengths.len(), lengths[lengths.len() / 2]);
}

#[test]
fn functions_are_short() {
    let mut long = BTreeSet::new();
    for source in all_sources() {
        for (name, lines) in
            functions(&source.code).into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES_MAX)
        {
            long.insert((source.path.clone(), name, lines));
        }
    }
    let known =
        LONG_FUNCTIONS.iter().map(|(path, name, lines)| ((*path).to_owned(), (*name).to_owned(), *lines));
    expect_only(long, known.collect(), "split the function, do not add it to the list");
}

/// One type that holds everything is not seen file by file, so it is measured over all files of its module.
#[test]
fn types_are_small() {
    let mut sizes: BTreeMap<String, BTreeMap<String, source::Size>> = BTreeMap::new();
    for source in sources(&["src"]) {
        if let Some(module) = source.module().filter(|_| !source.is_test()) {
            let sizes = sizes.entry(module.to_owned()).or_default();
            source::measure_types(&source.code, sizes);
            for (_, name, ..) in LARGE_TYPES.iter().filter(|(home, ..)| *home == module) {
                sizes.entry((*name).to_owned()).or_default().methods += source::borrowers(&source.code, name);
            }
        }
    }
    let mut wrong = Vec::new();
    for (module, types) in &sizes {
        for (name, size) in types {
            let large = LARGE_TYPES.iter().find(|(home, large, ..)| home == module && large == name);
            let (fields, methods) =
                large.map_or((FIELDS_MAX, METHODS_MAX), |(.., fields, methods)| (*fields, *methods));
            let slack = large.is_some() && size.fields + size.methods + LARGE_TYPE_SLACK < fields + methods;
            if size.fields > fields || size.methods > methods || slack {
                wrong.push(format!(
                    "{module}: {name} has {size:?}, the bound is {fields} fields and {methods} methods"
                ));
            }
        }
    }
    expect_none(wrong, "split the type by what it owns, or lower its bound in LARGE_TYPES");
}

/// What serde derives for a struct takes an array too, so JSON is read in one place, which does not.
#[test]
fn json_is_read_in_one_place() {
    let mut wrong = Vec::new();
    for source in all_sources().iter().filter(|source| source.path.starts_with("src/")) {
        for (place, line) in source.lines(source.code_without_tests()) {
            let reads = ["serde_json::from_", "serde_json::Deserializer"];
            if !source.path.starts_with("src/base/json") && reads.iter().any(|read| line.contains(read)) {
                wrong.push(format!("{place}: {}", line.trim()));
            }
        }
    }
    expect_none(wrong, "read JSON with crate::base::json, so that a struct is an object at any depth");
}

#[test]
fn unsafe_is_rare_and_explained() {
    let mut wrong = Vec::new();
    for source in all_sources() {
        let allowed = ["src/base/", "src/runtime/", "loadtest/src/sys/"]
            .iter()
            .any(|home| source.path.starts_with(home));
        let text: Vec<&str> = source.text.lines().collect();
        for (index, (place, line)) in source.lines(&source.code).enumerate() {
            let is_lint = line.trim_start().starts_with("#[") || line.trim_start().starts_with("#![");
            if is_lint || !words(line).any(|word| word == "unsafe") {
                continue;
            }
            if !allowed && !source.is_test() {
                wrong.push(format!("{place}: unsafe outside base and runtime"));
            }
            let above = &text[index.saturating_sub(6)..=index];
            if !above.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety")) {
                wrong.push(format!("{place}: no SAFETY sentence above"));
            }
        }
    }
    expect_none(wrong, "unsafe is for byte rings and system calls, each with the reason why it is sound");
}

/// The identifiers of the fields of a struct.
fn fields(path: &str, start: &str) -> BTreeSet<String> {
    let text = read(path);
    let body = text.split_once(start).unwrap_or_else(|| panic!("{path} has {start}")).1;
    let body = body.split("\n}").next().unwrap_or_default();
    let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'));
    fields.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_limit_is_in_the_default_config() {
    let parts = [
        ("people", "PeopleLimits", ""),
        ("ended", "EndedLimits", ""),
        ("lists", "ListLimits", ""),
        ("push", "PushLimits", "push_"),
    ];
    let mut limits = fields("src/base/limits.rs", "pub struct Limits {");
    for (field, part, prefix) in parts {
        assert!(limits.remove(field), "{field} is a part of the limits");
        let part = fields("src/base/limits.rs", &format!("pub struct {part} {{"));
        limits.extend(part.into_iter().map(|name| format!("{prefix}{name}")));
    }
    limits.extend(fields("src/base/limits.rs", "pub struct TlsLimits {"));
    assert!(limits.len() > 10);
    let config = read("config/default.toml");
    let section = config.split_once("\n[limits]\n").expect("config/default.toml has [limits]").1;
    let section = section.split("\n[").next().unwrap_or_default();
    let keys =
        section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let keys: BTreeSet<String> = keys.map(|(key, _)| key.to_owned()).collect();
    let differ: Vec<_> = limits.symmetric_difference(&keys).cloned().collect();
    expect_none(differ, "base/limits.rs and config/default.toml name the same limits");
}

#[test]
fn every_counter_is_counted() {
    let counters = fields("src/metrics/counters.rs", "pub struct Counters {");
    assert!(counters.len() > 10);
    // What a counter's own method adds to is counted if it stands in the part above `merge`.
    let own = read("src/metrics/counters.rs");
    let own = own.split("pub fn merge").next().unwrap_or_default();
    let shard = sources(&["src/shard"]);
    let counted = |name: &String| {
        shard.iter().any(|source| source.code.contains(&format!("counters.{name}")))
            || own.contains(&format!("self.{name}"))
    };
    let uncounted = counters.into_iter().filter(|name| !counted(name)).collect();
    expect_only(
        uncounted,
        UNCOUNTED.iter().map(|name| (*name).to_owned()).collect(),
        "count it or take it out",
    );
}

#[test]
fn the_words_are_those_of_the_glossary() {
    let synonyms: BTreeMap<_, _> = SYNONYMS.iter().copied().collect();
    let mut wrong = Vec::new();
    // The load generator has its own words, the runtime those of the kernel (`msg_iov`), clients of TLS those of rustls.
    let foreign = ["loadtest/", "src/runtime/", "tests/e2e/tls/"];
    for source in
        all_sources().iter().filter(|source| !foreign.iter().any(|home| source.path.starts_with(home)))
    {
        for (place, line) in source.lines(&source.code) {
            for (word, part) in
                words(line).flat_map(|word| parts(word).into_iter().map(move |part| (word, part)))
            {
                if let Some(better) = synonyms.get(part.as_str()) {
                    wrong.push(format!("{place}: `{word}` says \"{part}\"; the word is {better}"));
                }
            }
        }
    }
    expect_none(wrong, "one word per thing, see docs/glossary.md");
}

/// What a command needs, where it is answered and whether that is stored stands in its row of the table. So nobody else
/// sorts commands: each noun's are told apart where it is served, in one file, and nowhere else below the surfaces.
#[test]
fn commands_are_sorted_by_the_one_table_of_routes() {
    let list = read("src/model/command/mod.rs");
    let nouns: Vec<&str> = words(&list).filter(|word| word.ends_with("Command")).collect();
    let nouns: BTreeSet<&str> =
        nouns.into_iter().filter(|noun| !["Command", "CoreCommand"].contains(noun)).collect();
    assert!(nouns.len() > 5, "{nouns:?}");
    let below = ["src/shard/", "src/broker/", "src/runtime/", "src/auth/"];
    let sources = sources(&["src"]);
    let mut wrong = Vec::new();
    for noun in nouns {
        let variants = format!("{noun}::");
        let names = |source: &&source::Source| source.code_without_tests().contains(&variants);
        let inside = |source: &&source::Source| below.iter().any(|home| source.path.starts_with(home));
        let files: Vec<_> = sources.iter().filter(inside).filter(names).map(|source| &source.path).collect();
        if files.len() != 1 {
            wrong.push(format!("{noun} is told apart in {files:?}"));
        }
    }
    for source in sources.iter().filter(|source| source.path != "src/model/command/route.rs") {
        for (place, line) in source.lines(source.code_without_tests()) {
            if line.contains("Route {") && !line.contains(" = command.route();") {
                wrong.push(format!("{place}: {}", line.trim()));
            }
        }
    }
    expect_none(wrong, "ask `Command::route`; the table is src/model/command/route.rs");
}

/// The first command of the README is a bare `cargo run`: it wants one default among all the default members.
#[test]
fn a_bare_run_starts_the_broker() {
    let root = read("Cargo.toml");
    let members = root.lines().find_map(|line| line.strip_prefix("default-members = ")).unwrap_or_default();
    let manifests: String =
        members.split('"').skip(1).step_by(2).map(|member| read(&format!("{member}/Cargo.toml"))).collect();
    let defaults: Vec<&str> = manifests.lines().filter(|line| line.starts_with("default-run")).collect();
    assert_eq!(defaults, ["default-run = \"corecast\""]);
}

#[track_caller]
fn expect_none(wrong: Vec<String>, what_to_do: &str) {
    assert!(wrong.is_empty(), "{what_to_do}:\n  {}", wrong.join("\n  "));
}

/// Fails on what is wrong and not an exception, and on exceptions that nothing needs.
#[track_caller]
fn expect_only<T: Ord + std::fmt::Debug>(wrong: BTreeSet<T>, exceptions: BTreeSet<T>, what_to_do: &str) {
    let new: Vec<_> = wrong.difference(&exceptions).collect();
    assert!(new.is_empty(), "{what_to_do}: {new:?}");
    let old: Vec<_> = exceptions.difference(&wrong).collect();
    assert!(old.is_empty(), "no exception is needed any more, take it off the list: {old:?}");
}
