//! From a script to the broker's words.

use super::script::{ChannelScript, Messaging};
use crate::model::definition::{ChannelDefinition, DefinitionDraft, HistoryBounds, Presence, Who};

/// The definition that a script declares. `source` is its text.
pub fn draft(script: &ChannelScript, source: &str) -> DefinitionDraft {
    DefinitionDraft {
        name: script.name.as_str().into(),
        description: script.description.as_str().into(),
        active: script.active,
        nested: script.settings.nested_channels,
        rules: rules(script),
        source: source.into(),
    }
}

fn rules(script: &ChannelScript) -> ChannelDefinition {
    let settings = &script.settings;
    let default = ChannelDefinition::default();
    ChannelDefinition {
        history: HistoryBounds { count_max: settings.message_history, ..default.history },
        durability: default.durability,
        // Sockets are always kept: a private message is for one of them.
        presence: Presence::Sockets { told: settings.presence },
        // Who asks for both, guests and authentication, is given the stricter one.
        subscribe: match settings.anonymous_clients && !settings.auth_channel {
            true => Who::Everyone,
            false => Who::Authenticated,
        },
        publish: who(script.public_messaging),
        whisper: who(script.private_messaging),
        slow: default.slow,
        compress: default.compress,
        access: default.access,
    }
}

fn who(messaging: Messaging) -> Who {
    match messaging {
        Messaging { active: false, .. } => Who::Nobody,
        Messaging { active: true, auth: true } => Who::Authenticated,
        Messaging { active: true, auth: false } => Who::Everyone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> ChannelScript {
        ChannelScript::new("chat")
    }

    #[test]
    fn an_empty_body_is_a_quiet_channel_for_the_authenticated() {
        let draft = draft(&script(), "realtime_channel chat {}");
        assert_eq!(
            (&*draft.name, &*draft.description, draft.active, draft.nested),
            ("chat", "", true, false)
        );
        assert_eq!(&*draft.source, "realtime_channel chat {}");
        let rules = draft.rules;
        assert_eq!(
            (rules.subscribe, rules.publish, rules.whisper),
            (Who::Authenticated, Who::Nobody, Who::Nobody)
        );
        assert_eq!(rules.presence, Presence::Sockets { told: false });
        assert_eq!(rules.history.count_max, 0);
    }

    #[test]
    fn anonymous_clients_enter_only_where_nothing_says_otherwise() {
        for (anonymous, auth, subscribe) in [
            (false, false, Who::Authenticated),
            (false, true, Who::Authenticated),
            (true, false, Who::Everyone),
            (true, true, Who::Authenticated),
        ] {
            let mut script = script();
            script.settings.anonymous_clients = anonymous;
            script.settings.auth_channel = auth;
            assert_eq!(draft(&script, "").rules.subscribe, subscribe, "{anonymous} {auth}");
        }
    }

    #[test]
    fn messaging_says_who_may_send() {
        for (active, auth, who) in [
            (false, false, Who::Nobody),
            (false, true, Who::Nobody),
            (true, true, Who::Authenticated),
            (true, false, Who::Everyone),
        ] {
            let public = ChannelScript { public_messaging: Messaging { active, auth }, ..script() };
            assert_eq!(
                (draft(&public, "").rules.publish, draft(&public, "").rules.whisper),
                (who, Who::Nobody)
            );
            let private = ChannelScript { private_messaging: Messaging { active, auth }, ..script() };
            assert_eq!(
                (draft(&private, "").rules.publish, draft(&private, "").rules.whisper),
                (Who::Nobody, who)
            );
        }
    }

    #[test]
    fn the_other_settings_are_kept() {
        let mut script = script();
        script.active = false;
        script.description = "what for".into();
        script.settings.nested_channels = true;
        script.settings.message_history = 10;
        script.settings.presence = true;
        let draft = draft(&script, "");
        assert_eq!((&*draft.description, draft.active, draft.nested), ("what for", false, true));
        assert_eq!(draft.rules.history.count_max, 10);
        assert_eq!(draft.rules.presence, Presence::Sockets { told: true });
    }
}
