//! The listener: takes connections, as many as there is room for, and closes those that ask for nothing or do not read what they asked for.
//!
//! Anybody can open a connection and say nothing on it. Each one costs a file descriptor, of which checks and the database need
//! some as well: so an idle one ends, one address may not take all, and some descriptors are never given to visitors.

mod answering;
mod counted;
pub mod descriptors;
mod flow;
mod places;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Networks;
use answering::Answering;
use counted::Counted;
use flow::{Flow, Verdict, Watch};
use places::{Place, Places};

/// How long the head of the first request may take, and how long a connection may wait for the next one.
const IDLE: Duration = Duration::from_secs(10);
/// How long connections of proxies may wait: they keep them for everybody behind them, often for a minute, and one that is closed
/// while a request is on its way fails for a visitor.
const PROXY_IDLE: Duration = Duration::from_secs(90);
/// How long what is sent may wait without the other side taking any of it.
const STALLED: Duration = Duration::from_mins(1);
/// How often a connection of HTTP/2 is asked whether somebody is there.
const PING_EVERY: Duration = Duration::from_secs(20);

/// What visitors may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long the first request may take to say what it wants, and how long a connection may wait for the next one.
    pub idle: Duration,
    /// How long connections of this machine and of trusted proxies may wait for the next one.
    pub proxy_idle: Duration,
    /// How long what is sent may wait without the other side taking any of it.
    pub stalled: Duration,
    /// The most connections at the same time.
    pub connections: usize,
    /// The most of them from one IPv4 address or one IPv6 network of 64 bits. This machine and trusted proxies may have all.
    pub per_address: usize,
    /// The proxies that are trusted.
    pub proxies: Networks,
}

impl Limits {
    /// What is left of so many file descriptors when as many checks run as may.
    pub fn of(descriptors: usize, checks: u32, proxies: Networks) -> Self {
        let connections = descriptors::for_visitors(descriptors, checks);
        Self {
            idle: IDLE,
            proxy_idle: PROXY_IDLE,
            stalled: STALLED,
            connections,
            // An office, or a proxy that nobody named, is many people behind one address.
            per_address: (connections / 8).max(16),
            proxies,
        }
    }

    /// Whether an address stands for many, or for whoever runs this machine.
    fn exempts(&self, address: IpAddr) -> bool {
        address.to_canonical().is_loopback() || self.proxies.contains(address)
    }
}

/// Answers on a listener until it is told to stop; then ends when the last connection has been answered.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, until: CancellationToken) {
    let mut listener = listener;
    // Once, not for each connection.
    let router = router.with_state(());
    let places = Arc::new(Places::new(limits.connections, limits.per_address));
    let open = TaskTracker::new();
    loop {
        // Errors are waited out in there: without a descriptor to spare, it tries again after a second.
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = until.cancelled() => break,
        };
        let exempt = limits.exempts(peer.ip());
        // Who gets no place is hung up on: waiting in the queue of the listener would keep everybody behind them waiting.
        let Some(place) = places.take(peer.ip(), exempt) else { continue };
        let next = if exempt { limits.proxy_idle } else { limits.idle };
        let within = Within { first: limits.idle, next, stalled: limits.stalled, is_shared: exempt };
        open.spawn(answer(stream, place, peer, router.clone(), within, until.clone()));
    }
    drop(listener);
    open.close();
    open.wait().await;
}

/// How long a connection may wait for a request, and for what is sent to be taken.
#[derive(Clone, Copy)]
struct Within {
    first: Duration,
    next: Duration,
    stalled: Duration,
    /// Whether many may stand behind the connection.
    is_shared: bool,
}

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    place: Place,
    peer: SocketAddr,
    router: Router,
    within: Within,
    until: CancellationToken,
) {
    let flow = Arc::new(Flow::default());
    let service = Answering { router, peer, asked: Arc::default(), flow: Arc::clone(&flow) };
    let asked = Arc::clone(&service.asked);
    let mut builder = Builder::new(TokioExecutor::new());
    // The clock of HTTP/1 begins when it waits for a head: at first, and after each answer.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(within.next);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PING_EVERY).keep_alive_timeout(within.next);
    let stream = TokioIo::new(Counted::new(stream, place, Arc::clone(&flow), within.stalled));
    let mut connection = std::pin::pin!(builder.serve_connection_with_upgrades(stream, service));
    let mut watch = Watch::over(flow, within.next, within.stalled, within.is_shared);
    // Neither of the two holds before the first bytes have told which version it is.
    let mut first = std::pin::pin!(tokio::time::sleep(within.first));
    let (mut waits, mut stopping) = (true, false);
    loop {
        tokio::select! {
            // How it ended interests nobody: most often the visitor left.
            _ = connection.as_mut() => break,
            () = first.as_mut(), if waits => {
                if !asked.load(Ordering::Relaxed) {
                    break;
                }
                // HTTP/1 has a clock of its own, and a connection that does not get on stops taking bytes.
                waits = watch.is_for_http2();
                match watch.look(Instant::now()) {
                    Verdict::Stalled if waits => break,
                    Verdict::Idle if waits && !stopping => {
                        connection.as_mut().graceful_shutdown();
                        stopping = true;
                    }
                    _ => {}
                }
                first.as_mut().reset(Instant::now() + watch.pause());
            }
            () = until.cancelled(), if !stopping => {
                connection.as_mut().graceful_shutdown();
                stopping = true;
            }
        }
    }
}
