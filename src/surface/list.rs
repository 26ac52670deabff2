//! The one list of what is served.

use super::{Dialect, Surface, mdaemon, node, quikapp, retrochat, skapi, xano};

/// Every surface. Order decides nothing: prefixes do not overlap.
pub static SURFACES: &[&Surface] = &[
    &node::SURFACE,
    &retrochat::SURFACE,
    &xano::SURFACE,
    &quikapp::SURFACE,
    &mdaemon::SURFACE,
    &skapi::SURFACE,
];

/// Every dialect, by [`Dialect::index`].
pub static DIALECTS: &[&Dialect] =
    &[&retrochat::DIALECT, &xano::DIALECT, &quikapp::DIALECT_V2, &quikapp::DIALECT_V1, &skapi::DIALECT];

/// Namespaces of channels whose rules the configuration gives.
pub fn namespaces() -> impl Iterator<Item = &'static str> {
    retrochat::NAMESPACES.iter().copied()
}

/// Names of the surfaces that have WebSockets.
pub fn with_sockets() -> impl Iterator<Item = &'static str> {
    SURFACES.iter().filter(|surface| !surface.sockets.is_empty()).map(|surface| surface.name)
}

/// The paths of operators: this one and those below it.
pub const OPERATORS: &str = "/admin";

/// The surface in whose shape a path is answered that no prefix covers.
pub static FALLBACK: &Surface = &node::SURFACE;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http::Method;
    use crate::surface::router::covers;
    use crate::surface::{EndpointAccess, Language};

    #[test]
    fn dialects_stand_at_their_index() {
        for (index, dialect) in DIALECTS.iter().enumerate() {
            assert_eq!(dialect.index, index);
        }
        for socket in SURFACES.iter().flat_map(|surface| surface.sockets) {
            let chosen = socket.choices.languages.iter().map(|(_, language)| language);
            for language in chosen.chain([&socket.language]) {
                if let Language::Dialect(dialect) = language {
                    assert!(std::ptr::eq(DIALECTS[dialect.index], *dialect), "{}", socket.path);
                }
            }
        }
    }

    #[test]
    fn prefixes_do_not_overlap_and_cover_their_paths() {
        for surface in SURFACES {
            let paths = surface.endpoints.iter().map(|endpoint| endpoint.path);
            for path in paths.chain(surface.sockets.iter().map(|socket| socket.path)) {
                let owners = SURFACES
                    .iter()
                    .filter(|other| other.prefixes.iter().any(|prefix| covers(prefix, path)))
                    .map(|other| other.name)
                    .collect::<Vec<_>>();
                assert_eq!(owners, [surface.name], "{path}");
            }
        }
    }

    #[test]
    fn the_fallback_is_served() {
        assert!(SURFACES.iter().any(|surface| std::ptr::eq(*surface, FALLBACK)));
    }

    #[test]
    fn nothing_that_changes_state_is_open() {
        for endpoint in SURFACES.iter().flat_map(|surface| surface.endpoints) {
            assert!(
                endpoint.method == Method::Get || endpoint.access != EndpointAccess::Open,
                "{:?} {}",
                endpoint.method,
                endpoint.path
            );
        }
    }
}
