//! Request methods.

/// A request method that some endpoint may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// RFC 9110 section 9.3.1.
    Get,
    /// RFC 9110 section 9.3.2.
    Head,
    /// RFC 9110 section 9.3.3.
    Post,
    /// RFC 9110 section 9.3.4.
    Put,
    /// RFC 5789.
    Patch,
    /// RFC 9110 section 9.3.5.
    Delete,
    /// RFC 9110 section 9.3.7.
    Options,
}

impl Method {
    /// The method of this name; names are case-sensitive. `None` is a method that no endpoint has.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => return None,
        })
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

    /// Whether a request of this method usually has a body, so that one without a length is suspicious.
    pub(super) fn expects_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

#[cfg(test)]
mod tests {
    use super::Method::*;

    #[test]
    fn names_are_their_own_inverse_and_case_sensitive() {
        for method in [Get, Head, Post, Put, Patch, Delete, Options] {
            assert_eq!(super::Method::from_name(method.name()), Some(method));
        }
        assert_eq!(super::Method::from_name("get"), None);
    }
}
