//! The scenarios of `scenarios/`, compiled in.

/// Name and text of each, in the order of listings.
const FILES: [(&str, &str); 18] = [
    ("fanout", include_str!("../../scenarios/fanout.toml")),
    ("fanout-burst", include_str!("../../scenarios/fanout-burst.toml")),
    ("fanout-saturated", include_str!("../../scenarios/fanout-saturated.toml")),
    ("fanout-saturated-burst", include_str!("../../scenarios/fanout-saturated-burst.toml")),
    ("fanout-saturated-1k", include_str!("../../scenarios/fanout-saturated-1k.toml")),
    ("chat", include_str!("../../scenarios/chat.toml")),
    ("chat-paced", include_str!("../../scenarios/chat-paced.toml")),
    ("chat-saturated", include_str!("../../scenarios/chat-saturated.toml")),
    ("presence", include_str!("../../scenarios/presence.toml")),
    ("connect-storm", include_str!("../../scenarios/connect-storm.toml")),
    ("reconnect-storm", include_str!("../../scenarios/reconnect-storm.toml")),
    ("slow-consumer", include_str!("../../scenarios/slow-consumer.toml")),
    ("durable", include_str!("../../scenarios/durable.toml")),
    ("idle", include_str!("../../scenarios/idle.toml")),
    ("idle-distinct", include_str!("../../scenarios/idle-distinct.toml")),
    ("round-trip", include_str!("../../scenarios/round-trip.toml")),
    ("rest-mix", include_str!("../../scenarios/rest-mix.toml")),
    ("soak", include_str!("../../scenarios/soak.toml")),
];

/// The names of the built-in scenarios.
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// The text of a built-in scenario.
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut known = names();
        files.sort();
        known.sort_unstable();
        assert_eq!(files, known);
    }
}
