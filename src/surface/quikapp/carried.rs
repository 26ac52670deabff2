//! What events on the socket carry: one object, of whose fields each event takes what it needs.

use crate::model::fault::{Fault, FaultCode};
use crate::surface::json::{self, Raw};
use std::borrow::Cow;

/// The fields of a payload, as they were written.
#[derive(Default)]
struct Written<'a> {
    conversation_id: Option<Raw<'a>>,
    call_id: Option<Raw<'a>>,
    huddle_id: Option<Raw<'a>>,
    message_id: Option<Raw<'a>>,
    target_user_id: Option<Raw<'a>>,
    user_id: Option<Raw<'a>>,
    call_type: Option<Raw<'a>>,
    kind: Option<Raw<'a>>,
    content: Option<Raw<'a>>,
    name: Option<Raw<'a>>,
    emoji: Option<Raw<'a>>,
    text: Option<Raw<'a>>,
    status: Option<Raw<'a>>,
    user_ids: Option<Raw<'a>>,
    participants: Option<Raw<'a>>,
    attachments: Option<Raw<'a>>,
    reply_to: Option<Raw<'a>>,
    offer: Option<Raw<'a>>,
    answer: Option<Raw<'a>>,
    candidate: Option<Raw<'a>>,
    enabled: Option<Raw<'a>>,
    raised: Option<Raw<'a>>,
    video: Option<Raw<'a>>,
}

impl<'a> json::Object<'a> for Written<'a> {
    fn place(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>> {
        Some(match key {
            "conversationId" => &mut self.conversation_id,
            "callId" => &mut self.call_id,
            "huddleId" => &mut self.huddle_id,
            "messageId" => &mut self.message_id,
            "targetUserId" => &mut self.target_user_id,
            "userId" => &mut self.user_id,
            "callType" => &mut self.call_type,
            "type" => &mut self.kind,
            "content" => &mut self.content,
            "name" => &mut self.name,
            "emoji" => &mut self.emoji,
            "text" => &mut self.text,
            "status" => &mut self.status,
            "userIds" => &mut self.user_ids,
            "participants" => &mut self.participants,
            "attachments" => &mut self.attachments,
            "replyTo" => &mut self.reply_to,
            "offer" => &mut self.offer,
            "answer" => &mut self.answer,
            "candidate" => &mut self.candidate,
            "enabled" => &mut self.enabled,
            "raised" => &mut self.raised,
            "video" => &mut self.video,
            _ => return None,
        })
    }
}

/// What events carry. Each takes what it needs.
pub struct Carried<'a> {
    pub conversation_id: Option<Cow<'a, str>>,
    pub call_id: Option<Cow<'a, str>>,
    pub huddle_id: Option<Cow<'a, str>>,
    pub message_id: Option<Cow<'a, str>>,
    pub target_user_id: Option<Cow<'a, str>>,
    pub user_id: Option<Cow<'a, str>>,
    pub call_type: Option<Cow<'a, str>>,
    pub kind: Option<Cow<'a, str>>,
    pub content: Option<Cow<'a, str>>,
    pub name: Option<Cow<'a, str>>,
    pub emoji: Option<Cow<'a, str>>,
    pub text: Option<Cow<'a, str>>,
    pub status: Option<Cow<'a, str>>,
    pub user_ids: Option<Vec<String>>,
    pub participants: Option<Vec<String>>,
    pub attachments: Option<Raw<'a>>,
    pub reply_to: Option<Raw<'a>>,
    pub offer: Option<Raw<'a>>,
    pub answer: Option<Raw<'a>>,
    pub candidate: Option<Raw<'a>>,
    pub enabled: Option<bool>,
    pub raised: Option<bool>,
    pub video: Option<bool>,
}

/// Reads what an event carries.
///
/// # Errors
/// It is no object, a field is there twice, or one that any event takes is of another kind.
pub fn read(payload: &str) -> Result<Carried<'_>, Fault> {
    let (fields, right) = json::take_apart::<Written<'_>>(payload)?;
    right?;
    Ok(Carried {
        conversation_id: json::text("conversationId", fields.conversation_id)?,
        call_id: json::text("callId", fields.call_id)?,
        huddle_id: json::text("huddleId", fields.huddle_id)?,
        message_id: json::text("messageId", fields.message_id)?,
        target_user_id: json::text("targetUserId", fields.target_user_id)?,
        user_id: json::text("userId", fields.user_id)?,
        call_type: json::text("callType", fields.call_type)?,
        kind: json::text("type", fields.kind)?,
        content: json::text("content", fields.content)?,
        name: json::text("name", fields.name)?,
        emoji: json::text("emoji", fields.emoji)?,
        text: json::text("text", fields.text)?,
        status: json::text("status", fields.status)?,
        user_ids: read_list("userIds", fields.user_ids)?,
        participants: read_list("participants", fields.participants)?,
        attachments: json::some(fields.attachments),
        reply_to: json::some(fields.reply_to),
        offer: json::some(fields.offer),
        answer: json::some(fields.answer),
        candidate: json::some(fields.candidate),
        enabled: read_flag("enabled", fields.enabled)?,
        raised: read_flag("raised", fields.raised)?,
        video: read_flag("video", fields.video)?,
    })
}

fn read_list(name: &str, field: Option<Raw<'_>>) -> Result<Option<Vec<String>>, Fault> {
    let not = |_| Fault::new(FaultCode::InvalidRequest, format!("The field {name} must be a list of texts."));
    json::some(field).map(|raw| json::read(raw.text).map_err(not)).transpose()
}

fn read_flag(name: &str, field: Option<Raw<'_>>) -> Result<Option<bool>, Fault> {
    match json::some(field).map(|raw| raw.text) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => {
            Err(Fault::new(FaultCode::InvalidRequest, format!("The field {name} must be true or false.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_another_kind_is_refused_and_null_is_none() {
        for (payload, is_right) in [
            (r#"{"content":"a","content":"b"}"#, false),
            (r#"{"content":7}"#, false),
            (r#"{"userIds":"ada"}"#, false),
            (r#"{"userIds":[1]}"#, false),
            (r#"{"enabled":"true"}"#, false),
            ("[]", false),
            (r#"{"content":null,"userIds":null,"enabled":null,"offer":null,"other":1}"#, true),
            (r#"{"content":"\u00e9","userIds":["ada"],"enabled":false,"offer":[ 1 ]}"#, true),
        ] {
            assert_eq!(read(payload).is_ok(), is_right, "{payload}");
        }
        let carried = read(r#"{"content":"\u00e9","offer":[ 1 ],"answer":null}"#).expect("it is right");
        assert_eq!(carried.content.as_deref(), Some("é"));
        assert_eq!((carried.offer.map(|raw| raw.text), carried.answer), (Some("[ 1 ]"), None));
    }
}
