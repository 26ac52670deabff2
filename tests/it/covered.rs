//! What the transcripts of QuikApp speak of: every endpoint, and every event of every channel in both directions. Each
//! transcript is also played below the other prefixes and in the other serializer, so there it is spoken of as well.

use crate::forms::{fields, request};
use crate::script::{Kind, Said, parse};
use crate::transcripts::texts;
use corecast::surface::quikapp::SURFACE;
use std::collections::BTreeSet;

/// Kind of channel, and event: what clients say.
const SAID: &str = "
    chat phx_join phx_leave message:send message:edit message:delete message:reaction:add message:reaction:remove
         message:read typing:start typing:stop
    webrtc phx_join phx_leave call:initiate call:answer call:reject call:end call:toggle-audio call:toggle-video webrtc:offer
         webrtc:answer webrtc:ice-candidate
    huddle phx_join phx_leave huddle:create huddle:invite huddle:leave huddle:toggle-audio huddle:toggle-video
         huddle:toggle-screen huddle:raise-hand huddle:message webrtc:offer webrtc:answer webrtc:ice-candidate
    presence phx_join phx_leave status:update status:custom status:clear_custom activity:typing activity:viewing presence:get
    phoenix heartbeat";

/// What they are told.
const TOLD: &str = "
    chat phx_reply phx_close presence_state presence_diff message:new message:edited message:deleted message:reaction:added
         message:reaction:removed message:read typing:start typing:stop user:online user:offline
    webrtc phx_reply phx_close call:incoming call:answered call:rejected call:ended call:missed call:cancelled
         call:participant:joined call:participant:disconnected call:participant:audio-toggled
         call:participant:video-toggled webrtc:offer webrtc:answer webrtc:ice-candidate
    huddle phx_reply phx_close presence_state presence_diff huddle:invitation huddle:participant:joined
         huddle:participant:left huddle:participant:audio-toggled huddle:participant:video-toggled
         huddle:screen-share:started huddle:screen-share:stopped huddle:hand-raised huddle:message:new huddle:ended
         webrtc:offer webrtc:answer webrtc:ice-candidate
    presence phx_reply phx_close presence_state presence_diff user:status:changed user:custom_status:changed user:offline
    phoenix phx_reply";

fn events(table: &str) -> BTreeSet<(String, String)> {
    let mut kind = "";
    let mut events = BTreeSet::new();
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        if !line.starts_with("     ") {
            kind = words.next().expect("a kind of channel");
        }
        events.extend(words.map(|event| (kind.to_owned(), event.to_owned())));
    }
    events
}

/// Kind of channel and event of a frame in version 2.
fn event(said: &Said) -> Option<(String, String)> {
    let [_, _, name, event, _] = fields(&said.text)?;
    let kind = name.trim_matches('"').split(':').next().unwrap_or_default();
    Some((kind.to_owned(), event.trim_matches('"').to_owned()))
}

fn lines() -> Vec<Kind> {
    texts("quikapp").iter().flat_map(|(_, text)| parse(text)).map(|step| step.kind).collect()
}

#[test]
fn every_endpoint_is_in_a_transcript() {
    let asked: Vec<(String, Vec<String>)> = lines()
        .iter()
        .filter_map(|kind| if let Kind::Sends(said) = kind { request(said) } else { None })
        .map(|(method, path)| {
            let path = path.split([' ', '?']).next().unwrap_or_default();
            (method.to_owned(), path.split('/').map(str::to_owned).collect())
        })
        .collect();
    let below_other_prefix =
        |path: &str| path.starts_with("/api/realtime/") && !path.starts_with("/api/realtime/health");
    let written = SURFACE.endpoints.iter().filter(|endpoint| !below_other_prefix(endpoint.path));
    let missing: Vec<String> = written
        .filter(|endpoint| {
            let fits = |(method, path): &(String, Vec<String>)| {
                let mut parts = endpoint.path.split('/').zip(path);
                *method == endpoint.method.name()
                    && endpoint.path.split('/').count() == path.len()
                    && parts.all(|(part, asked)| part.starts_with('{') || part == asked)
            };
            !asked.iter().any(fits)
        })
        .map(|endpoint| format!("{} {}", endpoint.method.name(), endpoint.path))
        .collect();
    assert!(missing.is_empty(), "no transcript asks for {missing:#?}");
}

#[test]
fn every_event_of_every_channel_is_in_a_transcript() {
    let (mut said, mut told) = (BTreeSet::new(), BTreeSet::new());
    for kind in lines() {
        match kind {
            Kind::Sends(line) => said.extend(event(&line)),
            Kind::Gets(line) => told.extend(event(&line)),
            Kind::Happens(_) | Kind::Ends(_) | Kind::Page(_) => {}
        }
    }
    let missing: Vec<_> = events(SAID).difference(&said).cloned().collect();
    assert!(missing.is_empty(), "no client says {missing:#?}");
    let missing: Vec<_> = events(TOLD).difference(&told).cloned().collect();
    assert!(missing.is_empty(), "no client is told {missing:#?}");
}
