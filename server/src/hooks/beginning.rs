//! The beginning of a body, however long it is.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use futures::StreamExt as _;

/// How much is kept, in bytes: what a message may be taken from.
const KEPT: usize = 100_000;
/// How much is read, in bytes, so that the sender can finish; then it hears the answer while it is still sending.
const READ: usize = 16 * 1024 * 1024;

/// The beginning of a body. A job that pipes its whole log here did run, so no length is refused, and neither is a body that breaks off.
pub(super) struct Beginning(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Beginning {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let mut chunks = request.into_body().into_data_stream();
        let (mut kept, mut read) = (Vec::new(), 0);
        while let Some(Ok(chunk)) = chunks.next().await {
            kept.extend_from_slice(&chunk[..chunk.len().min(KEPT - kept.len())]);
            read += chunk.len();
            if read > READ {
                break;
            }
        }
        Ok(Self(kept.into()))
    }
}
