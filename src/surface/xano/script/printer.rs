//! The canonical script of what is declared.

use super::channel::{ChannelScript, Messaging, Settings};
use super::name::is_bare;
use super::string;

/// The script in the published layout, without a new line at its end. `description`, `active` and `auth` stand in it
/// only where they are not the default. [`parse`](super::parse) gives the same channel back, if its name is one and its
/// history is within the limits.
pub fn print(script: &ChannelScript) -> String {
    let mut out = String::from("realtime_channel ");
    if is_bare(&script.name) {
        out.push_str(&script.name);
    } else {
        string::write(&mut out, &script.name);
    }
    out.push_str(" {\n");
    if !script.description.is_empty() {
        out.push_str("  description = ");
        string::write(&mut out, &script.description);
        out.push('\n');
    }
    if !script.active {
        out.push_str("  active = false\n");
    }
    out.push_str(&messaging("public_messaging", script.public_messaging));
    out.push_str(&messaging("private_messaging", script.private_messaging));
    out.push_str(&settings(&script.settings));
    out.push('}');
    out
}

fn messaging(key: &str, messaging: Messaging) -> String {
    let auth = if messaging.auth { ", auth: true" } else { "" };
    format!("  {key} = {{active: {}{auth}}}\n", messaging.active)
}

fn settings(settings: &Settings) -> String {
    format!(
        "  settings = {{\n    \
         anonymous_clients: {}\n    \
         nested_channels  : {}\n    \
         message_history  : {}\n    \
         auth_channel     : {}\n    \
         presence         : {}\n  \
         }}\n",
        settings.anonymous_clients,
        settings.nested_channels,
        settings.message_history,
        settings.auth_channel,
        settings.presence,
    )
}
