//! `/skapi/api/…`: whatever else the library asks for, which is not served here.

use super::super::faults;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::protocol::http::Method;
use crate::surface::{Endpoint, EndpointAccess, Request};

/// As most of it is asked for.
pub const POST: Endpoint = Endpoint {
    method: Method::Post,
    path: "/skapi/api/{name}",
    // Nothing is done for anybody, so nobody has to prove anything.
    access: EndpointAccess::Proof,
    decode: not_served,
    encode: |_| faults::mismatch(),
};

/// As the rest is.
pub const GET: Endpoint = Endpoint { method: Method::Get, access: EndpointAccess::Open, ..POST };

fn not_served(_: &Request<'_>) -> Result<Command, Fault> {
    let message = "This is not served here: this node has groups, messages and notifications, and neither accounts nor \
                   records nor files.";
    Err(Fault::new(FaultCode::NotFound, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::decode;

    #[test]
    fn what_is_not_ours_says_so() {
        for endpoint in [POST, GET] {
            let fault = decode(&endpoint, "/skapi/api/get-records", &[], "{}").expect_err("not served");
            assert_eq!(fault.code, FaultCode::NotFound);
            assert!(fault.message.contains("neither accounts nor records"));
        }
    }
}
