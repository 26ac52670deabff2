//! How the authority is called: by the same client as other servers outside, with bounds of its own. Unlike those, the authority is the
//! operator's choice, so it may be at an address that only this network has.

use super::AcmeSettings;
use crate::runtime::side::outbound::builder;
use bytes::Bytes;
use http::Request;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use reqwest::{Body, Client};
use std::pin::Pin;
use std::time::Duration;

/// How long one call may take.
const CALL_TIME: Duration = Duration::from_secs(30);

/// Bytes of an answer. A chain of certificates has some thousand.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// Calls the authority.
pub(super) struct Caller(Client);

impl Caller {
    /// # Errors
    /// The system has no authorities that certificates are judged by.
    pub(super) fn new(settings: &AcmeSettings) -> Result<Self, reqwest::Error> {
        Ok(Self(builder(&settings.authorities, CALL_TIME)?.https_only(true).build()?))
    }
}

impl HttpClient for Caller {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let (client, request) = (self.0.clone(), request.map(Body::wrap));
        Box::pin(async move { call(client, request).await.map_err(Error::Other) })
    }
}

async fn call(
    client: Client,
    request: Request<Body>,
) -> Result<BytesResponse, Box<dyn std::error::Error + Send + Sync>> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes").into());
        }
        body.extend_from_slice(&chunk);
    }
    let (head, _) = http::Response::<Body>::from(answer).into_parts();
    Ok(http::Response::from_parts(head, Body::from(body)).into())
}
