//! What the library asks for before it connects: two documents of addresses and one of the service.
//!
//! The library builds the address of the first two from the name of a content network: `https://{target_cdn}.cloudfront.net
//! /{region}/admin-v1.json`. With a `target_cdn` that ends with `/skapi/cdn?x=` the rest is the value of a parameter.

use super::super::{SOCKET, faults};
use crate::model::command::{Command, ConnectionCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{ConnectionReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess, Request, json};
use serde::Serialize;

/// Either document, by what the parameter ends with.
pub const CDN: Endpoint = Endpoint {
    method: Method::Get,
    path: "/skapi/cdn",
    access: EndpointAccess::Open,
    decode: |request| match request.head.query_value("x").as_deref().and_then(|x| x.rsplit('/').next()) {
        Some("admin-v1.json") => Ok(addresses(&Admin::new(&base(request)?))),
        Some("record-v1.json") => Ok(addresses(&RecordUrls::new(&base(request)?))),
        _ => Err(unknown()),
    },
    encode: encode_document,
};

/// The first document by a path of its own, for whoever wraps `fetch`.
pub const ADMIN: Endpoint = Endpoint {
    path: "/skapi/admin-v1.json",
    decode: |request| Ok(addresses(&Admin::new(&base(request)?))),
    ..CDN
};

/// The second.
pub const RECORD: Endpoint = Endpoint {
    path: "/skapi/record-v1.json",
    decode: |request| Ok(addresses(&RecordUrls::new(&base(request)?))),
    ..CDN
};

/// What the service is. The same for every service and owner: tokens say who is let in.
pub const SERVICE: Endpoint =
    Endpoint { path: "/skapi/api/service", decode: |_| Ok(addresses(&Service::default())), ..CDN };

/// Where accounts, records and files are asked for, which is answered with 404, and where the rest is.
#[derive(Serialize)]
struct Admin<'a> {
    admin_public: &'a str,
    admin_private: &'a str,
    get_users_private: &'a str,
    service_public: &'a str,
    extra_public: &'a str,
    extra_private: &'a str,
    /// The library makes a client of Amazon Cognito with these and does not use it after `loginWithToken`.
    userpool_id: &'static str,
    userpool_client: &'static str,
}

#[derive(Serialize)]
struct RecordUrls<'a> {
    record_public: &'a str,
    record_private: &'a str,
    post_public: &'a str,
    post_private: &'a str,
    get_public: &'a str,
    get_private: &'a str,
    del_private: &'a str,
    websocket_private: &'a str,
}

#[derive(Serialize)]
struct Service {
    /// The library shows it to the page. Nothing here knows what a proxy in front sees.
    ip: &'static str,
    locale: &'static str,
    /// The kind of the plan: one that has everything.
    group: u8,
    service_name: &'static str,
    service_description: &'static str,
    opt: Empty,
}

#[derive(Serialize, Default)]
struct Empty {}

impl Default for Service {
    fn default() -> Self {
        Self {
            ip: "0.0.0.0",
            locale: "US",
            group: 3,
            service_name: "Corecast",
            service_description: "",
            opt: Empty {},
        }
    }
}

/// The addresses of everything.
struct Base {
    api: String,
    socket: String,
}

impl<'a> Admin<'a> {
    fn new(base: &'a Base) -> Self {
        let api = base.api.as_str();
        Self {
            admin_public: api,
            admin_private: api,
            get_users_private: api,
            service_public: api,
            extra_public: api,
            extra_private: api,
            userpool_id: "us-east-1_none",
            userpool_client: "none",
        }
    }
}

impl<'a> RecordUrls<'a> {
    fn new(base: &'a Base) -> Self {
        let api = base.api.as_str();
        Self {
            record_public: api,
            record_private: api,
            post_public: api,
            post_private: api,
            get_public: api,
            get_private: api,
            del_private: api,
            websocket_private: &base.socket,
        }
    }
}

/// What the configuration says, or else the host that was asked, by HTTPS: the library asks in no other way.
fn base(request: &Request<'_>) -> Result<Base, Fault> {
    let url = match (request.public_url, request.head.host()) {
        ("", Some(host)) if !host.is_empty() => format!("https://{host}"),
        ("", _) => return Err(Fault::new(FaultCode::InvalidRequest, "The request names no host.")),
        (url, _) => url.trim_end_matches('/').to_owned(),
    };
    // `http` becomes `ws`, `https` becomes `wss`.
    let socket = format!("ws{}{SOCKET}", url.strip_prefix("http").unwrap_or_default());
    Ok(Base { api: format!("{url}/skapi/api/"), socket })
}

fn addresses(document: &impl Serialize) -> Command {
    let mut body = Vec::new();
    json::push_value(&mut body, document);
    let document = String::from_utf8(body).unwrap_or_default().into();
    ConnectionCommand::Show { document }.into()
}

fn encode_document(reply: &Reply) -> Response {
    match reply {
        Reply::Connection(ConnectionReply::Shown { document }) => {
            Response::json(200, document.as_bytes().to_vec())
        }
        _ => faults::mismatch(),
    }
}

fn unknown() -> Fault {
    Fault::new(
        FaultCode::NotFound,
        "There is no such document: x must end with admin-v1.json or record-v1.json.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::decode;

    fn document(endpoint: &Endpoint, target: &str) -> serde_json::Value {
        match decode(endpoint, target, &[], "") {
            Ok(Command::Connection(ConnectionCommand::Show { document })) => {
                serde_json::from_str(&document).expect("JSON")
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_library_finds_both_documents_by_its_own_address() {
        let admin = document(&CDN, "/skapi/cdn?x=.cloudfront.net/us01/admin-v1.json");
        assert_eq!(admin["service_public"], "https://localhost/skapi/api/");
        assert_eq!(admin["userpool_id"], "us-east-1_none");
        let record = document(&CDN, "/skapi/cdn?x=.cloudfront.net/us01/record-v1.json");
        assert_eq!(record["record_private"], "https://localhost/skapi/api/");
        assert_eq!(record["websocket_private"], "wss://localhost/skapi/ws");
        assert_eq!(document(&ADMIN, "/skapi/admin-v1.json"), admin);
        assert_eq!(document(&RECORD, "/skapi/record-v1.json"), record);
        assert_eq!(document(&SERVICE, "/skapi/api/service?service=x&owner=y")["group"], 3);
        for target in ["/skapi/cdn", "/skapi/cdn?x=", "/skapi/cdn?x=/none.json"] {
            assert_eq!(decode(&CDN, target, &[], "").map_err(|fault| fault.code), Err(FaultCode::NotFound));
        }
    }
}
