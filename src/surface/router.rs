//! From a method and a path to what serves it. Built once per core from the list of surfaces.

use super::list::{FALLBACK, OPERATORS, SURFACES};
use super::{Endpoint, Socket, Surface};
use crate::protocol::http::{Method, decode_segment};
use std::borrow::Cow;

/// Values of a template's parameters, percent-decoded, in order of appearance.
pub type Parameters<'p> = Vec<(&'static str, Cow<'p, str>)>;

/// Bytes that a log may have of a path that is not served: its first segment, as far as no key is as short.
const UNKNOWN_BYTES_MAX: usize = 16;

/// The routing table of one core.
pub struct Router {
    surfaces: &'static [&'static Surface],
    fallback: &'static Surface,
    paths: matchit::Router<usize>,
    resources: Vec<Resource>,
    /// Query parameters that carry credentials, of all surfaces.
    secrets: Vec<&'static str>,
}

/// One path template and what is served on it.
struct Resource {
    surface: &'static Surface,
    path: &'static str,
    /// The names of its parameters.
    names: Vec<&'static str>,
    endpoints: Vec<&'static Endpoint>,
    socket: Option<&'static Socket>,
}

/// What a method on a path means.
pub enum RouteMatch<'p> {
    /// An endpoint; for `HEAD`, the one for `GET`.
    Endpoint {
        /// Whose.
        surface: &'static Surface,
        /// Which.
        endpoint: &'static Endpoint,
        /// From the path.
        parameters: Parameters<'p>,
    },
    /// `GET` on a path where a WebSocket can be opened.
    Socket {
        /// Whose.
        surface: &'static Surface,
        /// Which.
        socket: &'static Socket,
        /// From the path.
        parameters: Parameters<'p>,
    },
    /// `OPTIONS` on a path that is served (RFC 9110 section 9.3.7, and the preflight of CORS).
    Options {
        /// Whose.
        surface: &'static Surface,
        /// The value for `Allow`.
        allow: String,
    },
    /// The path is served, the method is not (RFC 9110 section 15.5.6).
    MethodNotAllowed {
        /// Whose.
        surface: &'static Surface,
        /// The value for `Allow`.
        allow: String,
    },
    /// Nothing is served there.
    NotFound {
        /// In whose shape to say so.
        surface: &'static Surface,
    },
}

impl Default for Router {
    fn default() -> Self {
        Self::new()
    }
}

impl Router {
    /// The table of all surfaces.
    ///
    /// # Panics
    /// If the list is wrong in itself: templates that conflict, or an endpoint and a socket on one path.
    pub fn new() -> Self {
        Self::of(SURFACES, FALLBACK)
    }

    fn of(surfaces: &'static [&'static Surface], fallback: &'static Surface) -> Self {
        let secrets = surfaces.iter().flat_map(|surface| surface.secret_parameters).copied().collect();
        let paths = matchit::Router::new();
        let mut router = Self { surfaces, fallback, paths, resources: Vec::new(), secrets };
        for surface in surfaces {
            for endpoint in surface.endpoints {
                let resource = router.resource(surface, endpoint.path);
                let doubled = resource.endpoints.iter().any(|other| other.method == endpoint.method);
                assert!(!doubled, "two endpoints for {:?} {}", endpoint.method, endpoint.path);
                resource.endpoints.push(endpoint);
            }
            for socket in surface.sockets {
                let resource = router.resource(surface, socket.path);
                assert!(
                    resource.socket.is_none() && resource.endpoints.is_empty(),
                    "{} is served twice",
                    socket.path
                );
                resource.socket = Some(socket);
            }
        }
        router
    }

    /// In whose shape faults are told that belong to no path.
    pub fn fallback(&self) -> &'static Surface {
        self.fallback
    }

    fn resource(&mut self, surface: &'static Surface, path: &'static str) -> &mut Resource {
        let known = self.resources.iter().position(|resource| resource.path == path);
        let index = known.unwrap_or_else(|| {
            let index = self.resources.len();
            self.paths.insert(path, index).expect("templates of the list do not conflict");
            let parts = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            let names = parts.collect();
            self.resources.push(Resource { surface, path, names, endpoints: Vec::new(), socket: None });
            index
        });
        &mut self.resources[index]
    }

    /// What serves `method` on `path` (without the query). `None` is a method that no endpoint has.
    pub fn find<'p>(&self, method: Option<Method>, path: &'p str) -> RouteMatch<'p> {
        if path == "*" && method == Some(Method::Options) {
            // What the server as a whole can (RFC 9110 section 9.3.7).
            return RouteMatch::Options { surface: self.fallback, allow: self.allow() };
        }
        let not_found = || RouteMatch::NotFound { surface: self.owner(path) };
        let shorter = || if self.owner(path).ignores_last_slash { path.trim_end_matches('/') } else { path };
        let Ok(matched) = self.paths.at(path).or_else(|_| self.paths.at(shorter())) else {
            return not_found();
        };
        let resource = &self.resources[*matched.value];
        let Some(parameters) = decoded(&resource.names, &matched.params) else {
            return not_found();
        };
        let surface = resource.surface;
        let wanted = if method == Some(Method::Head) { Some(Method::Get) } else { method };
        if let Some(endpoint) = resource.endpoints.iter().find(|endpoint| Some(endpoint.method) == wanted) {
            return RouteMatch::Endpoint { surface, endpoint, parameters };
        }
        match (method, resource.socket) {
            (Some(Method::Get), Some(socket)) => RouteMatch::Socket { surface, socket, parameters },
            (Some(Method::Options), _) => RouteMatch::Options { surface, allow: resource.allow() },
            _ => RouteMatch::MethodNotAllowed { surface, allow: resource.allow() },
        }
    }

    /// Whether a path is one of operators.
    pub fn is_for_operators(&self, path: &str) -> bool {
        covers(OPERATORS, path)
    }

    /// A path as a log may have it. Keys of realms stand in paths, and anything may stand in one that is not served.
    pub fn shown<'p>(&self, path: &'p str) -> Cow<'p, str> {
        match self.paths.at(path) {
            Ok(matched) => {
                let resource = &self.resources[*matched.value];
                let has_key = resource.socket.is_some_and(|socket| socket.realm.is_some());
                if has_key { resource.path.into() } else { path.into() }
            }
            Err(_) => match path
                .char_indices()
                .skip(1)
                .find(|(at, letter)| *letter == '/' || *at > UNKNOWN_BYTES_MAX)
            {
                Some((at, _)) => format!("{}…", &path[..at]).into(),
                None => path.into(),
            },
        }
    }

    /// Whether a query carries credentials, for any surface.
    pub fn is_secret(&self, query: &str) -> bool {
        let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        !query.is_empty() && names.any(|name| self.secrets.contains(&&*name))
    }

    /// Every method that is served on some path.
    fn allow(&self) -> String {
        let served = |method| self.resources.iter().any(|resource| resource.serves(method));
        let methods = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];
        let methods = methods.into_iter().filter(|method| served(*method)).chain([Method::Options]);
        methods.map(Method::name).collect::<Vec<_>>().join(", ")
    }

    /// In whose shape faults on a path are told.
    pub fn owner(&self, path: &str) -> &'static Surface {
        let owns = |surface: &&&'static Surface| surface.prefixes.iter().any(|prefix| covers(prefix, path));
        self.surfaces.iter().find(owns).copied().unwrap_or(self.fallback)
    }
}

impl Resource {
    fn serves(&self, method: Method) -> bool {
        let method = if method == Method::Head { Method::Get } else { method };
        self.endpoints.iter().any(|endpoint| endpoint.method == method)
            || (self.socket.is_some() && method == Method::Get)
    }

    fn allow(&self) -> String {
        let mut allow = String::new();
        for endpoint in &self.endpoints {
            allow.push_str(endpoint.method.name());
            allow.push_str(if endpoint.method == Method::Get { ", HEAD, " } else { ", " });
        }
        if self.socket.is_some() {
            allow.push_str("GET, ");
        }
        allow.push_str("OPTIONS");
        allow
    }
}

/// The names are the template's own, so that they live as long as the program. `None` where a value is
/// malformed: it names nothing.
fn decoded<'p>(names: &[&'static str], params: &matchit::Params<'_, 'p>) -> Option<Parameters<'p>> {
    let mut parameters = Vec::with_capacity(names.len());
    for (name, (_, value)) in names.iter().zip(params.iter()) {
        parameters.push((*name, decode_segment(value).ok()?));
    }
    Some(parameters)
}

/// Whether `path` is `prefix` or stands below it, in whole segments.
pub(super) fn covers(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::ConnectionCommand;
    use crate::protocol::http::Response;
    use crate::surface::{EndpointAccess, Language};

    const fn endpoint(method: Method, path: &'static str) -> Endpoint {
        Endpoint {
            method,
            path,
            access: EndpointAccess::Open,
            decode: |_| Ok(ConnectionCommand::Ping.into()),
            encode: |_| Response::empty(204),
        }
    }

    const fn surface(
        name: &'static str,
        prefixes: &'static [&'static str],
        endpoints: &'static [Endpoint],
        sockets: &'static [Socket],
    ) -> Surface {
        Surface {
            name,
            prefixes,
            credentials: |_, _| None,
            secret_parameters: &["key"],
            ignores_last_slash: false,
            endpoints,
            sockets,
            encode_fault: |_| Response::empty(400),
        }
    }

    static THINGS: Surface = surface(
        "things",
        &["/a"],
        &[
            endpoint(Method::Get, "/a/things"),
            endpoint(Method::Post, "/a/things"),
            endpoint(Method::Get, "/a/things/me"),
            endpoint(Method::Get, "/a/things/{id}"),
            endpoint(Method::Delete, "/a/things/{id}"),
            endpoint(Method::Get, "/a/things/{id}/parts/{part}"),
        ],
        &[Socket::open("/a/socket", EndpointAccess::Open, Language::Echo)],
    );
    static REST: Surface = surface("rest", &["/health"], &[endpoint(Method::Get, "/health")], &[]);

    fn shown(method: Option<Method>, path: &str) -> String {
        static LIST: &[&Surface] = &[&REST, &THINGS];
        match Router::of(LIST, &REST).find(method, path) {
            RouteMatch::Endpoint { surface, endpoint, parameters } => {
                format!("{} {:?} {} {parameters:?}", surface.name, endpoint.method, endpoint.path)
            }
            RouteMatch::Socket { surface, socket, .. } => format!("{} socket {}", surface.name, socket.path),
            RouteMatch::Options { surface, allow } => format!("{} options {allow}", surface.name),
            RouteMatch::MethodNotAllowed { surface, allow } => format!("{} only {allow}", surface.name),
            RouteMatch::NotFound { surface } => format!("{} nothing", surface.name),
        }
    }

    #[test]
    fn endpoints_and_sockets_are_found() {
        let get = Some(Method::Get);
        assert_eq!(shown(get, "/health"), "rest Get /health []");
        assert_eq!(shown(Some(Method::Head), "/health"), "rest Get /health []");
        assert_eq!(shown(get, "/a/socket"), "things socket /a/socket");
        assert_eq!(shown(get, "/a/things/me"), "things Get /a/things/me []");
        assert_eq!(shown(get, "/a/things/a%40b%2Fc"), "things Get /a/things/{id} [(\"id\", \"a@b/c\")]");
        assert_eq!(
            shown(get, "/a/things/1/parts/2"),
            "things Get /a/things/{id}/parts/{part} [(\"id\", \"1\"), (\"part\", \"2\")]"
        );
    }

    #[test]
    fn a_known_path_names_its_methods() {
        assert_eq!(shown(Some(Method::Post), "/a/things/1"), "things only GET, HEAD, DELETE, OPTIONS");
        assert_eq!(shown(None, "/a/things"), "things only GET, HEAD, POST, OPTIONS");
        assert_eq!(shown(Some(Method::Options), "/a/things"), "things options GET, HEAD, POST, OPTIONS");
        assert_eq!(shown(Some(Method::Head), "/a/socket"), "things only GET, OPTIONS");
    }

    #[test]
    fn a_last_slash_says_nothing_where_its_surface_says_so() {
        static LENIENT: Surface = Surface { ignores_last_slash: true, ..THINGS };
        static LIST: &[&Surface] = &[&REST, &LENIENT];
        let lenient = |path: &str| match Router::of(LIST, &REST).find(Some(Method::Get), path) {
            RouteMatch::Endpoint { endpoint, parameters, .. } => format!("{} {parameters:?}", endpoint.path),
            RouteMatch::Socket { socket, .. } => socket.path.into(),
            _ => "nothing".into(),
        };
        assert_eq!(lenient("/a/things/"), "/a/things []");
        assert_eq!(lenient("/a/things//"), "/a/things []");
        assert_eq!(lenient("/a/socket/"), "/a/socket");
        assert_eq!(lenient("/a/things/1%2F/"), "/a/things/{id} [(\"id\", \"1/\")]");
        assert_eq!((lenient("/health/"), lenient("/a//things")), ("nothing".into(), "nothing".into()));
    }

    #[test]
    fn the_server_as_a_whole_says_what_it_can() {
        assert_eq!(shown(Some(Method::Options), "*"), "rest options GET, HEAD, POST, DELETE, OPTIONS");
    }

    #[test]
    fn credentials_in_a_query_are_seen_however_they_are_written() {
        static LIST: &[&Surface] = &[&REST, &THINGS];
        let router = Router::of(LIST, &REST);
        for secret in ["key=x", "key", "a=b&key=", "%6bey=x", "&&k%65y=x"] {
            assert!(router.is_secret(secret), "{secret}");
        }
        for plain in ["", "keys=x", "a=key", "KEY=x"] {
            assert!(!router.is_secret(plain), "{plain}");
        }
    }

    #[test]
    fn unknown_paths_belong_to_the_surface_of_their_prefix() {
        let get = Some(Method::Get);
        for path in ["/a", "/a/", "/a/nothing", "/a/things/", "/a/things/%ff", "/a/things/%0"] {
            assert_eq!(shown(get, path), "things nothing", "{path}");
        }
        for path in ["/ab", "/", "", "*", "/health/x"] {
            assert_eq!(shown(get, path), "rest nothing", "{path}");
        }
        assert_eq!(shown(Some(Method::Options), "/a/nothing"), "things nothing");
    }

    #[test]
    fn a_path_is_not_decoded_before_it_is_matched() {
        assert_eq!(shown(Some(Method::Get), "/a%2Fthings"), "rest nothing");
        assert_eq!(
            shown(Some(Method::Get), "/a/things/%2561"),
            "things Get /a/things/{id} [(\"id\", \"%61\")]"
        );
    }

    #[test]
    fn the_table_of_all_surfaces_can_be_built() {
        let _ = Router::new();
    }
}
