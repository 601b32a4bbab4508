//! The status page out of the cache beside a bare axum answer of the same size.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use axum::routing::get;
use domain::person::Viewer;
use domain::views::console::ComponentDraft;
use engine::clock::Clock;
use tokio::net::TcpListener;

use crate::clients::Clients;
use crate::{serve, support};

/// Components of the page.
const COMPONENTS: usize = 50;
/// Readers at a time.
const CONNECTIONS: usize = 32;
/// How long each is read.
const LENGTH: Duration = Duration::from_secs(4);

pub(crate) fn bench() {
    // One thread each: the server has one core, and the readers have the other.
    let runtime = support::runtime(1);
    let folder = tempfile::tempdir().unwrap();
    let running = runtime.block_on(async {
        let running = serve(folder.path(), None, Clock::System).await;
        for place in 0..COMPONENTS {
            let draft = ComponentDraft {
                name: format!("Component {place}"),
                show_uptime: true,
                ..ComponentDraft::default()
            };
            running.state.services.add_component(&Viewer::System, &draft).await.unwrap();
        }
        running
    });
    let (headers, body) = runtime.block_on(answer(running.address));
    let size = body.len();
    let floor = runtime.block_on(bare(headers, body));
    // In turns, so that a slow moment of the machine meets both.
    let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        ours = ours.min(cost(running.address));
        theirs = theirs.min(cost(floor));
    }
    runtime.block_on(running.stop());
    support::ratio(
        "cached status page / bare axum answer, answers for the same CPU",
        theirs / ours,
        0.7,
        false,
        &format!(
            "{:.0} / {:.0} a second of one core, {:.1} kB each",
            1.0 / ours,
            1.0 / theirs,
            size as f64 / 1e3
        ),
    );
}

/// The page as browsers fetch it.
async fn answer(address: SocketAddr) -> (HeaderMap, Bytes) {
    let client = reqwest::Client::builder().no_proxy().no_brotli().no_gzip().build().unwrap();
    let request =
        client.get(format!("http://{address}/")).header(header::ACCEPT_ENCODING, "gzip, deflate, br");
    let answer = request.send().await.unwrap();
    let mut headers = answer.headers().clone();
    assert_eq!(headers[header::CONTENT_ENCODING], "br");
    // Written by the server underneath.
    headers.remove(header::DATE);
    headers.remove(header::CONTENT_LENGTH);
    (headers, answer.bytes().await.unwrap())
}

/// The floor: the same bytes, headers and all, out of memory.
async fn bare(headers: HeaderMap, body: Bytes) -> SocketAddr {
    let answer = move || async move { (headers, body) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(answer))).await });
    address
}

/// Seconds of CPU that one answer takes.
fn cost(address: SocketAddr) -> f64 {
    let before = support::cpu();
    let answers: f64 = Clients::readers(address, CONNECTIONS, LENGTH).next().parse().unwrap();
    support::cpu().saturating_sub(before).as_secs_f64() / answers
}
