//! What a request says, wherever it says it: in its path, its query, the `request` in base64, or its body; the first
//! of these counts.

use super::body::{FormOrJson, unpacked};
use super::form::Form;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::meeting::SealedMessage;
use crate::protocol::http::Head;
use crate::surface::Request;
use crate::surface::json::{self, Text};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The fields of a JSON body; each is read only when it is asked for, so that a mistake has its name.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    authenticate: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    password: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    room_id: Option<&'a RawValue>,
    #[serde(borrow)]
    started: Option<&'a RawValue>,
    #[serde(borrow)]
    ended: Option<&'a RawValue>,
    #[serde(borrow)]
    members: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl<'a> Object<'a> {
    fn field(&self, name: &str) -> Option<&'a RawValue> {
        match name {
            "authenticate" => self.authenticate,
            "user" => self.user,
            "password" => self.password,
            "id" => self.id,
            "room_id" => self.room_id,
            "started" => self.started,
            "ended" => self.ended,
            "members" => self.members,
            "messages" => self.messages,
            "data" => self.data,
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Draft<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    salt: Option<Text<'a>>,
    #[serde(borrow)]
    data: Text<'a>,
}

/// The parameters of one request, wherever it says them.
pub struct Parameters<'a> {
    head: &'a Head<'a>,
    path_id: &'a str,
    packed: Object<'a>,
    form: Form<'a>,
    object: Object<'a>,
}

/// Reads what a request says and hands it on.
///
/// # Errors
/// The body is none that can be read, or `decode` says so.
pub fn with<T>(
    request: &Request<'_>,
    decode: impl FnOnce(&Parameters<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let body = FormOrJson::of(request.head, request.body)?;
    let packed = match request.head.query_value("request") {
        Some(packed) => Some(unpacked(packed)?),
        None => match &body {
            FormOrJson::Form(form) => form.value("request").map(unpacked).transpose()?,
            FormOrJson::Empty | FormOrJson::Json(_) => None,
        },
    };
    let (form, object) = match body {
        FormOrJson::Empty => (Form::default(), Object::default()),
        FormOrJson::Form(form) => (form, Object::default()),
        FormOrJson::Json(json) => (Form::default(), json::object(json)?),
    };
    let packed = packed.as_deref().map(json::object).transpose()?.unwrap_or_default();
    decode(&Parameters { head: request.head, path_id: request.parameter("id"), packed, form, object })
}

impl Parameters<'_> {
    /// A parameter of the query alone: those that say which call it is.
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        self.head.query_value(name)
    }

    /// A text.
    ///
    /// # Errors
    /// It is JSON, but not a text.
    pub fn text(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, Fault> {
        if let Some(value) = self.head.query_value(name) {
            return Ok(Some(value));
        }
        let json = self.packed.field(name).or(self.object.field(name));
        match json {
            Some(json) => match json::read::<Option<Text<'_>>>(json.get()) {
                Ok(text) => Ok(text.map(|text| text.0)),
                Err(_) => Err(invalid(name, "This field must be a text.")),
            },
            None => Ok(self.form.value(name)),
        }
    }

    /// A text that must be there and say something.
    ///
    /// # Errors
    /// It is not, or it is no text.
    pub fn needed(&self, name: &'static str) -> Result<Cow<'_, str>, Fault> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
    }

    /// The id of a room. The pages call it `id` and `room_id`; both are understood everywhere, `name` is what the
    /// fault says that tells of its absence.
    ///
    /// # Errors
    /// There is none, or it is no text.
    pub fn room(&self, name: &'static str) -> Result<Cow<'_, str>, Fault> {
        self.optional_room()?.ok_or_else(|| missing(name))
    }

    /// The id of a room, where there is one.
    ///
    /// # Errors
    /// It is no text.
    pub fn optional_room(&self) -> Result<Option<Cow<'_, str>>, Fault> {
        if !self.path_id.is_empty() {
            return Ok(Some(Cow::Borrowed(self.path_id)));
        }
        let given = |text: &Cow<'_, str>| !text.is_empty();
        match self.text("id")?.filter(given) {
            Some(id) => Ok(Some(id)),
            None => Ok(self.text("room_id")?.filter(given)),
        }
    }

    /// Messages; a form has them as JSON text. `None` if the field is not there. Of two with one id the later counts.
    ///
    /// # Errors
    /// They are not a list of messages.
    pub fn messages(&self, name: &'static str) -> Result<Option<Vec<SealedMessage>>, Fault> {
        let json = self.packed.field(name).or(self.object.field(name)).map(|json| Cow::Borrowed(json.get()));
        let Some(json) = json.or_else(|| self.form.value(name)) else { return Ok(None) };
        let list = json::read::<Option<Vec<Draft<'_>>>>(&json);
        let list = list.map_err(|_| {
            invalid(name, "This field must be a list of {\"id\",\"salt\",\"data\"}, all texts.")
        })?;
        let Some(list) = list else { return Ok(None) };
        let mut messages: Vec<SealedMessage> = Vec::with_capacity(list.len());
        let mut places = std::collections::BTreeMap::new();
        for Draft { id, salt, data } in list {
            let salt = salt.map_or_else(Box::default, |salt| salt.0.into());
            let message = SealedMessage {
                id: id.0.as_ref().into(),
                salt,
                data: data.0.into(),
                from: "".into(),
                sent_ms: 0,
            };
            match places.get(&id.0) {
                Some(place) => messages[*place] = message,
                None => {
                    places.insert(id.0, messages.len());
                    messages.push(message);
                }
            }
        }
        Ok(Some(messages))
    }

    /// A number of the query.
    ///
    /// # Errors
    /// It is no number of this type.
    pub fn number<N: std::str::FromStr>(&self, name: &'static str) -> Result<Option<N>, Fault> {
        let number = self.query(name).map(|text| text.parse());
        number.transpose().map_err(|_| invalid(name, "This parameter must be a whole number from 0."))
    }
}

/// A parameter that is needed and not there.
pub fn missing(name: &'static str) -> Fault {
    Fault::new(FaultCode::MissingField, "A parameter is missing.").at(FaultPlace::Parameter(name))
}

/// A parameter that does not fit.
pub fn invalid(name: &'static str, sentence: &'static str) -> Fault {
    Fault::new(FaultCode::InvalidRequest, sentence).at(FaultPlace::Parameter(name))
}
