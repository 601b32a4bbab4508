//! Hands the requests of one connection to the router.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either};
use hyper::body::Incoming;
use hyper::{Request, Version};
use tower::Service as _;

use super::flow::Flow;

/// The router, for one connection.
#[derive(Clone)]
pub(super) struct Answering {
    pub(super) router: Router,
    /// Who asks.
    pub(super) peer: SocketAddr,
    /// Whether anything was asked.
    pub(super) asked: Arc<AtomicBool>,
    /// What happens on a connection of HTTP/2.
    pub(super) flow: Arc<Flow>,
}

impl hyper::service::Service<Request<Incoming>> for Answering {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let open = (request.version() == Version::HTTP_2).then(|| self.flow.begin());
        // The router is always ready.
        let answer = self.router.clone().call(request);
        match open {
            None => Either::Left(answer),
            Some(open) => Either::Right(
                async move { answer.await.map(|answer| answer.map(|body| open.watch(body))) }.boxed(),
            ),
        }
    }
}
