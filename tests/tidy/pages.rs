//! What the pages promise: that they exist, are whole and lead somewhere.

use super::expect_none;
use super::source::{files, read, root, sources};
use std::collections::BTreeSet;

/// Words of the design that the glossary must explain.
const WORDS: &[&str] = &[
    "channel",
    "connection",
    "device",
    "dialect",
    "edge core",
    "epoch",
    "frame",
    "history",
    "home core",
    "member",
    "notice",
    "offset",
    "position",
    "presence",
    "publication",
    "room",
    "session",
    "shard",
    "subscription",
    "surface",
];

#[test]
fn the_code_map_is_the_tree() {
    let map = read("docs/code-map.md");
    // The map grows with the tree; what is told of it must be read in one sitting.
    assert!(read("ARCHITECTURE.md").lines().count() < 400, "ARCHITECTURE.md has fewer than 400 lines");
    let mut listed = BTreeSet::new();
    let mut folder = String::new();
    for line in map.lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            folder = heading.trim_end_matches('`').to_owned();
            assert!(listed.insert(format!("{folder}mod.rs")), "docs/code-map.md: {folder} is listed twice");
        } else if let Some((name, _)) = line.strip_prefix("- `").and_then(|item| item.split_once('`')) {
            listed.insert(format!("{folder}{name}"));
        }
    }
    assert!(listed.remove("src/mod.rs"));
    let tree: BTreeSet<String> =
        sources(&["src"]).into_iter().filter(|source| !source.is_test()).map(|source| source.path).collect();
    let missing: Vec<_> = tree.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&tree).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/code-map.md: not listed {missing:?}, not there {gone:?}"
    );
}

#[test]
fn the_glossary_has_every_word_once_and_in_order() {
    let text = read("docs/glossary.md");
    let entries: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("**"))
        .map(|(word, _)| word)
        .collect();
    let missing = WORDS.iter().filter(|word| !entries.contains(word)).map(|word| (*word).to_owned());
    expect_none(missing.collect(), "docs/glossary.md explains each word of the design");
    let disorder = entries.windows(2).filter(|pair| pair[0] >= pair[1]).map(|pair| pair.join(", "));
    expect_none(disorder.collect(), "docs/glossary.md is in order, without doubles");
}

#[test]
fn decisions_are_numbered_without_holes_and_name_their_price() {
    let pages = files("docs/adr");
    let records: Vec<&String> = pages.iter().filter(|path| !path.ends_with("README.md")).collect();
    let index = read("docs/adr/README.md");
    assert!(!records.is_empty());
    for (number, path) in (1..).zip(records) {
        let name = path.rsplit('/').next().unwrap_or_default();
        assert!(name.starts_with(&format!("{number:04}-")), "{path} should have the number {number:04}");
        let text = read(path);
        assert!(text.starts_with(&format!("# {number:04} ")), "{path} begins with its number");
        for section in ["## Context", "## Decision", "## Drawbacks", "## Alternatives"] {
            assert!(text.contains(&format!("\n{section}\n")), "{path} has no {section}");
        }
        assert!(index.contains(&format!("({name})")), "docs/adr/README.md lists {name}");
    }
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = read("CHANGELOG.md");
    let version = format!("## {}", env!("CARGO_PKG_VERSION"));
    let known = changelog.lines().any(|line| line == "## Unreleased" || line.starts_with(&version));
    assert!(known, "CHANGELOG.md has a section `## Unreleased` or `{version}`");
}

#[test]
fn the_readme_begins_with_its_two_commands_and_ci_runs_the_second() {
    let readme = read("README.md");
    let block = readme.split("```").nth(1).unwrap_or_default();
    let commands: Vec<&str> =
        block.lines().skip(1).map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(commands, ["cargo run --release", "cargo test"]);
    assert!(read(".ci/run").lines().any(|line| line.trim() == "cargo test"), ".ci/run runs `cargo test`");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages: Vec<String> = ["README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG", "loadtest/README"]
        .map(|name| format!("{name}.md"))
        .into();
    pages.extend(files("docs").into_iter().filter(|path| path.ends_with(".md")));
    let mut wrong = Vec::new();
    for page in pages {
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = read(&page);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let path = root().join(folder).join(target.split('#').next().unwrap_or_default());
            if !path.exists() {
                wrong.push(format!("{page}: {target}"));
            }
        }
    }
    expect_none(wrong, "links that lead nowhere");
}
