//! `/metrics`: the counters of all cores in Prometheus' text format.

use super::faults::mismatch;
use crate::model::command::NodeCommand;
use crate::model::reply::{NodeReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess};

/// The counters. Open: they name no user, channel or address.
pub const METRICS: Endpoint = Endpoint {
    method: Method::Get,
    path: "/metrics",
    access: EndpointAccess::Open,
    decode: |_| Ok(NodeCommand::GetMetrics.into()),
    encode,
};

fn encode(reply: &Reply) -> Response {
    let Reply::Node(NodeReply::Metrics(text)) = reply else {
        return mismatch();
    };
    Response {
        status: 200,
        content_type: "text/plain; version=0.0.4; charset=utf-8",
        body: text.clone().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::decode;

    #[test]
    fn metrics_are_plain_text() {
        assert_eq!(decode(&METRICS, "/metrics", &[], ""), Ok(NodeCommand::GetMetrics.into()));
        let response = encode(&Reply::Node(NodeReply::Metrics("up 1\n".into())));
        assert_eq!(response.status, 200);
        assert!(response.content_type.starts_with("text/plain; version=0.0.4"));
        assert_eq!(response.body, b"up 1\n");
    }
}
