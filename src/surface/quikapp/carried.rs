//! What events on the socket carry: one object, of whose fields each event takes what it needs.

use crate::model::fault::{Fault, FaultCode};
use crate::surface::json::{self, Raw};
use std::borrow::Cow;

/// The fields of a payload, as they were written. Each event takes what it needs.
#[derive(Default)]
pub struct Carried<'a> {
    pub conversation_id: Option<Raw<'a>>,
    pub call_id: Option<Raw<'a>>,
    pub huddle_id: Option<Raw<'a>>,
    pub message_id: Option<Raw<'a>>,
    pub target_user_id: Option<Raw<'a>>,
    pub user_id: Option<Raw<'a>>,
    pub call_type: Option<Raw<'a>>,
    pub kind: Option<Raw<'a>>,
    pub content: Option<Raw<'a>>,
    pub name: Option<Raw<'a>>,
    pub emoji: Option<Raw<'a>>,
    pub text: Option<Raw<'a>>,
    pub status: Option<Raw<'a>>,
    pub user_ids: Option<Raw<'a>>,
    pub participants: Option<Raw<'a>>,
    pub attachments: Option<Raw<'a>>,
    pub reply_to: Option<Raw<'a>>,
    pub offer: Option<Raw<'a>>,
    pub answer: Option<Raw<'a>>,
    pub candidate: Option<Raw<'a>>,
    pub enabled: Option<Raw<'a>>,
    pub raised: Option<Raw<'a>>,
    pub video: Option<Raw<'a>>,
}

impl<'a> json::Object<'a> for Carried<'a> {
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

/// Whether each field that any event takes is of its kind.
///
/// # Errors
/// One is not.
pub fn check(carried: &Carried<'_>) -> Result<(), Fault> {
    let text = |name, field: Option<Raw<'_>>| match field {
        Some(_) => json::text(name, field).map(drop),
        None => Ok(()),
    };
    text("conversationId", carried.conversation_id)?;
    text("callId", carried.call_id)?;
    text("huddleId", carried.huddle_id)?;
    text("messageId", carried.message_id)?;
    text("targetUserId", carried.target_user_id)?;
    text("userId", carried.user_id)?;
    text("callType", carried.call_type)?;
    text("type", carried.kind)?;
    text("content", carried.content)?;
    text("name", carried.name)?;
    text("emoji", carried.emoji)?;
    text("text", carried.text)?;
    text("status", carried.status)?;
    list("userIds", carried.user_ids)?;
    list("participants", carried.participants)?;
    flag("enabled", carried.enabled)?;
    flag("raised", carried.raised)?;
    flag("video", carried.video).map(drop)
}

/// The text in a field, which is one or none; see [`check`].
pub fn text(field: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    json::text("", field).ok().flatten()
}

/// The texts of the list in a field.
///
/// # Errors
/// It is no such list.
pub fn list(name: &str, field: Option<Raw<'_>>) -> Result<Option<Vec<String>>, Fault> {
    let not = |_| Fault::new(FaultCode::InvalidRequest, format!("The field {name} must be a list of texts."));
    json::some(field).map(|raw| json::read(raw.text).map_err(not)).transpose()
}

/// `true` or `false` in a field.
///
/// # Errors
/// It is something else.
pub fn flag(name: &str, field: Option<Raw<'_>>) -> Result<Option<bool>, Fault> {
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

    fn read<'a>(payload: &'a str, carried: &mut Carried<'a>) -> Result<(), Fault> {
        json::take_apart(payload, carried)??;
        check(carried)
    }

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
            assert_eq!(read(payload, &mut Carried::default()).is_ok(), is_right, "{payload}");
        }
        let mut carried = Carried::default();
        read(r#"{"content":"\u00e9","offer":[ 1 ],"answer":null}"#, &mut carried).expect("it is right");
        assert_eq!(text(carried.content).as_deref(), Some("é"));
        let passed_on = |field| json::some(field).map(|raw| raw.text);
        assert_eq!((passed_on(carried.offer), passed_on(carried.answer)), (Some("[ 1 ]"), None));
    }
}
