//! Namespaces: merged by name, paced, and mistakes in them.

use super::*;

#[test]
fn namespaces_are_merged_by_name() {
    let config = Case::new(
        "[[namespaces]]\nname = \"room\"\npresence = true\nhistory_age_s_max = 0\n\
         [[namespaces]]\nname = \"conversation\"\nslow_policy = \"skip\"\n",
    )
    .environment("CORECAST_NAMESPACES__ROOM__HISTORY_COUNT_MAX", "9")
    .flag("namespaces.user.presence=true")
    .good();
    let names: Vec<_> = config.namespaces.iter().map(|namespace| namespace.name.as_str()).collect();
    assert_eq!(names, ["room", "conversation", "user"]);
    let room = config.namespaces[0].definition;
    assert_eq!((room.presence, room.history.count_max, room.history.age_ms_max), (Presence::Users, 9, 0));
    assert_eq!(room.history.bytes_max, 1 << 20);
    assert_eq!(config.namespaces[2].definition.presence, Presence::Users);
    assert_eq!(
        config.namespaces[1].definition,
        ChannelDefinition { slow: SlowPolicy::Skip, access: Access::Listed, ..ChannelDefinition::default() }
    );
}

#[test]
fn namespaces_are_paced() {
    let text =
        "[[namespaces]]\nname = \"room\"\ncoalesce_us = 500\nconflate_ms = 100\nconflate_key = \"symbol\"\n";
    let pace = Pace { coalesce_us: 500, conflate_ms: 100, conflate_key: Some("symbol".into()) };
    assert_eq!(good(text).namespaces[0].pace, pace);
    assert!(good("").namespaces.iter().all(|one| one.pace.is_at_once()));
    let wrong = |settings: &str| bad(&format!("[[namespaces]]\nname = \"room\"\n{settings}\n"));
    assert_eq!(
        wrong("conflate_key = \"symbol\""),
        "x.toml:3:1: namespaces[0].conflate_key is of use only where conflate_ms is above 0: set that too"
    );
    assert!(wrong("conflate_ms = 60001").contains("must be 0..=60000; it is 60001"));
    assert!(wrong("coalesce_us = -1").contains("must be 0..=1000000; it is -1"));
    for name in ["a\\\"b", "a\\\\b", &"x".repeat(129)] {
        let error = wrong(&format!("conflate_ms = 1\nconflate_key = \"{name}\""));
        assert!(error.contains("at most 128 bytes"), "{error}");
    }
}

#[test]
fn mistakes_in_namespaces_are_reported() {
    assert_eq!(
        bad(
            "[[namespaces]]\nname = \"room\"\n[[namespaces]]\nname = \"room\"\n[[namespaces]]\npresence = true\n"
        ),
        "x.toml:3:1: namespaces: the name \"room\" is given twice\n\
         x.toml:5:1: namespaces[3].name is missing"
    );
    assert_eq!(
        bad("[[namespaces]]\nname = \"chat\"\npresense = true\nslow_policy = \"wait\"\n"),
        "x.toml:2:1: namespaces[3].name must be \"room\" or \"conversation\" or \"user\", as no API has other channels; it \
         is \"chat\"\n\
         x.toml:3:1: namespaces[3].presense is not a setting; did you mean namespaces[3].presence?\n\
         x.toml:4:1: namespaces[3].slow_policy must be \"disconnect\" or \"skip\"; it is \"wait\""
    );
    assert_eq!(bad("namespaces = 5"), "x.toml:1:1: namespaces must be a list; it is a number");
    assert_eq!(bad("namespaces = [5]"), "x.toml:1:15: namespaces[3] must be a table; it is a number");
}
