//! `/openapi.json`: every endpoint of every surface in the form of OpenAPI 3.1, made from the tables that requests are routed
//! by, with what each surface makes of faults. What bodies hold is on the pages of the protocols. The document is made once, before
//! the node serves: it takes milliseconds.

use super::faults::mismatch;
use crate::model::command::ConnectionCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{ConnectionReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::list::SURFACES;
use crate::surface::{Endpoint, EndpointAccess, Surface, json};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What this node serves over HTTP.
pub const OPENAPI: Endpoint = Endpoint {
    method: Method::Get,
    path: "/openapi.json",
    access: EndpointAccess::Open,
    decode: |_| Ok(ConnectionCommand::Ping.into()),
    encode: |reply| match reply {
        Reply::Connection(ConnectionReply::Pong) => Response::json(200, made().to_vec()),
        _ => mismatch(),
    },
};

/// The document as it is served, which does not change while the process runs. It is to be made before a core serves, which it would
/// take too long.
pub fn made() -> &'static [u8] {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut body = Vec::new();
        json::push_value(&mut body, &document());
        body
    })
}

#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Info,
    tags: Vec<Tag>,
    paths: BTreeMap<&'static str, BTreeMap<String, Operation>>,
    components: Components,
}

#[derive(Serialize)]
struct Info {
    title: &'static str,
    version: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct Tag {
    name: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    operation_id: String,
    tags: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<RequestBody>,
    responses: BTreeMap<String, Reference>,
    /// One of these; an empty list is for everybody.
    security: Vec<BTreeMap<&'static str, [&'static str; 0]>>,
    /// The scope that the credentials must have.
    #[serde(rename = "x-scope", skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    #[serde(rename = "in")]
    place: &'static str,
    required: bool,
    schema: Schema,
}

#[derive(Serialize)]
struct Schema {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct RequestBody {
    content: BTreeMap<&'static str, Anything>,
}

/// A schema that everything fits.
#[derive(Serialize)]
struct Anything {
    schema: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct Answer {
    description: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    content: BTreeMap<&'static str, Content>,
}

/// An answer that many operations have, and that is told in one place.
#[derive(Serialize)]
struct Reference {
    #[serde(rename = "$ref")]
    to: String,
}

#[derive(Serialize)]
struct Content {
    schema: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Components {
    responses: BTreeMap<String, Answer>,
    security_schemes: BTreeMap<&'static str, Scheme>,
}

#[derive(Serialize)]
struct Scheme {
    #[serde(rename = "type")]
    kind: &'static str,
    scheme: &'static str,
    description: &'static str,
}

/// The name of the scheme of credentials.
const BEARER: &str = "bearer";

/// What an answer of a surface is called in the document.
fn name(surface: &Surface, status: &str) -> String {
    format!("{}_{status}", surface.name)
}

fn document() -> Document {
    let mut paths: BTreeMap<&str, BTreeMap<String, Operation>> = BTreeMap::new();
    for surface in SURFACES {
        let statuses: Vec<String> = responses(surface).into_keys().collect();
        for endpoint in surface.endpoints {
            let method = endpoint.method.name().to_ascii_lowercase();
            let told = operation(surface, endpoint, &statuses);
            paths.entry(endpoint.path).or_default().insert(method, told);
        }
    }
    let answers = SURFACES.iter().flat_map(|surface| {
        responses(surface).into_iter().map(|(status, answer)| (name(surface, &status), answer))
    });
    let bearer = Scheme {
        kind: "http",
        scheme: BEARER,
        description: "An API key or a token. Surfaces also take what their own clients send; see their pages.",
    };
    Document {
        openapi: "3.1.0",
        info: Info {
            title: "Corecast",
            version: env!("CARGO_PKG_VERSION"),
            description: env!("CARGO_PKG_DESCRIPTION"),
        },
        tags: SURFACES.iter().map(|surface| Tag { name: surface.name }).collect(),
        paths,
        components: Components {
            responses: answers.collect(),
            security_schemes: BTreeMap::from([(BEARER, bearer)]),
        },
    }
}

fn operation(surface: &Surface, endpoint: &Endpoint, statuses: &[String]) -> Operation {
    let method = endpoint.method.name().to_ascii_lowercase();
    let words = endpoint.path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let path: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let parameters = names(endpoint.path).map(|name| Parameter {
        name,
        place: "path",
        required: true,
        schema: Schema { kind: "string" },
    });
    let (scope, security) = match endpoint.access {
        EndpointAccess::Open | EndpointAccess::Proof => (None, Vec::new()),
        EndpointAccess::Scoped(scopes) => (Some(scopes.word()), vec![BTreeMap::from([(BEARER, [])])]),
    };
    let answer = |status: &String| {
        (status.clone(), Reference { to: format!("#/components/responses/{}", name(surface, status)) })
    };
    let has_body = matches!(endpoint.method, Method::Post | Method::Put | Method::Patch);
    Operation {
        operation_id: format!("{}_{method}_{}", surface.name, path.join("_")),
        tags: [surface.name],
        parameters: parameters.collect(),
        request_body: has_body.then(|| RequestBody {
            content: BTreeMap::from([("application/json", Anything { schema: BTreeMap::new() })]),
        }),
        responses: statuses.iter().map(answer).collect(),
        security,
        scope,
    }
}

/// How an operation of a surface may be answered: faults as the surface tells them. What is refused before it is known whose a
/// request is has statuses of its own.
fn responses(surface: &Surface) -> BTreeMap<String, Answer> {
    let plain = |description| Answer { description, content: BTreeMap::new() };
    let mut responses = BTreeMap::from([
        ("2XX".to_owned(), plain("It was done.")),
        ("default".to_owned(), plain("It was refused before it was known what was asked.")),
    ]);
    for code in FaultCode::ALL {
        let told = (surface.encode_fault)(&Fault::new(code, ""));
        let schema = json::read::<Value>(&String::from_utf8_lossy(&told.body))
            .map_or(Value::Bool(true), |body| shape(&body));
        let answer = responses.entry(told.status.to_string()).or_insert_with(|| {
            let content = BTreeMap::from([(told.content_type, Content { schema: schema.clone() })]);
            Answer { description: "It was not done; the body says why.", content }
        });
        // Several faults of one status may be told in several shapes.
        if let Some(content) =
            answer.content.get_mut(told.content_type).filter(|content| content.schema != schema)
        {
            content.schema = Value::Bool(true);
        }
    }
    responses
}

/// A schema that values of the shape of this one fit.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let properties: serde_json::Map<_, _> =
                fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect();
            let required: Vec<&String> = fields.keys().collect();
            serde_json::json!({"type": "object", "properties": properties, "required": required})
        }
        Value::String(_) => serde_json::json!({"type": "string"}),
        Value::Bool(_) => serde_json::json!({"type": "boolean"}),
        Value::Number(_) => serde_json::json!({"type": "number"}),
        Value::Array(_) => serde_json::json!({"type": "array"}),
        Value::Null => Value::Bool(true),
    }
}

/// The names of a template's parameters.
fn names(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::{decode, shown};
    use std::collections::BTreeSet;

    fn served() -> serde_json::Value {
        assert_eq!(decode(&OPENAPI, "/openapi.json", &[], ""), Ok(ConnectionCommand::Ping.into()));
        let (status, text) = shown(&(OPENAPI.encode)(&Reply::Connection(ConnectionReply::Pong)));
        assert_eq!(status, 200);
        json::read(&text).expect("JSON")
    }

    #[test]
    fn every_endpoint_of_every_surface_is_told() {
        let document = served();
        let mut told = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            let methods = operations.as_object().expect("methods").keys();
            told.extend(methods.map(|method| (path.clone(), method.to_ascii_uppercase())));
        }
        let endpoints = SURFACES.iter().flat_map(|surface| surface.endpoints);
        let served: BTreeSet<_> =
            endpoints.map(|it| (it.path.to_owned(), it.method.name().to_owned())).collect();
        assert_eq!(told, served);
    }

    #[test]
    fn operations_say_who_may_call_and_what_the_path_needs() {
        let document = served();
        let backup = &document["paths"]["/admin/backup"]["post"];
        assert_eq!(backup["security"][0]["bearer"], serde_json::json!([]));
        assert_eq!(backup["x-scope"], "admin");
        let open = &document["paths"]["/health"]["get"];
        assert_eq!((&open["security"], &open["x-scope"]), (&serde_json::json!([]), &serde_json::Value::Null));
        let parameter = &document["paths"]["/admin/users/{user}/disconnect"]["post"]["parameters"][0];
        assert_eq!((&parameter["name"], &parameter["in"]), (&"user".into(), &"path".into()));
    }

    #[test]
    fn every_fault_that_a_surface_tells_is_told_with_its_status_and_shape() {
        let document = served();
        let told = |path: &str, method: &str, status: &str| {
            let to =
                document["paths"][path][method]["responses"][status]["$ref"].as_str().expect("a reference");
            document.pointer(to.trim_start_matches('#')).expect("an answer").clone()
        };
        for surface in SURFACES {
            for endpoint in surface.endpoints {
                let method = endpoint.method.name().to_ascii_lowercase();
                for code in FaultCode::ALL {
                    let status = (surface.encode_fault)(&Fault::new(code, "")).status.to_string();
                    let answer = told(endpoint.path, &method, &status);
                    assert!(answer["content"].is_object(), "{} {status}", endpoint.path);
                }
            }
        }
        let schema = &told("/admin/stats", "get", "404")["content"]["application/json"]["schema"];
        assert_eq!(schema["properties"]["error"]["properties"]["code"]["type"], "string");
    }

    #[test]
    fn it_is_made_once_and_says_each_thing_once() {
        assert!(std::ptr::eq(made(), made()));
        assert!(made().len() < 200_000, "{} bytes", made().len());
    }

    #[test]
    fn no_two_operations_have_one_id() {
        let mut ids = BTreeSet::new();
        for surface in SURFACES {
            for endpoint in surface.endpoints {
                let id = operation(surface, endpoint, &[]).operation_id;
                assert!(ids.insert(id.clone()), "{id}");
            }
        }
    }
}
