//! The listener: who says nothing is closed, and who takes too much is kept from the rest.

use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use futures::{FutureExt as _, StreamExt as _, stream};
use reqwest::Client;
use server::config::Networks;
use server::serving::{self, Limits, descriptors};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a connection of these tests may do nothing.
const IDLE: Duration = Duration::from_millis(600);
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// More than the buffers of a connection take, in bytes.
const LARGE: usize = 48 << 20;

struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// A listener with so many places, all of them also for one address.
async fn serving(connections: usize) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let slow = || async {
        tokio::time::sleep(IDLE * 2).await;
        "slow"
    };
    let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
    let large = || async { vec![b'a'; LARGE] };
    let router = Router::new().route("/", get(who)).route("/slow", get(slow)).route("/large", get(large));
    let quiet = || async {
        let word = || Ok::<_, Infallible>("word ");
        let later = tokio::time::sleep(IDLE * 8).map(move |()| word());
        let words = stream::once(ready(word())).chain(stream::once(later));
        Body::from_stream(words)
    };
    let router = router.route("/quiet", get(quiet));
    let router = router.route("/talk", get(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(talk) }));
    let limits = Limits {
        idle: IDLE,
        proxy_idle: IDLE * 2,
        stalled: IDLE,
        connections,
        per_address: connections,
        proxies: Networks::default(),
    };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serving::serve(listener, router, limits, stop.clone()));
    Served { address, stop, serving }
}

/// Says more and more, whoever listens.
async fn talk(mut socket: WebSocket) {
    while socket.send(Message::Text("a".repeat(1 << 20).into())).await.is_ok() {}
}

/// A connection on which this was said.
async fn said(to: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// What is answered until the other side closes, and how long that took.
async fn until_closed(mut stream: TcpStream) -> (String, Duration) {
    let (begun, mut answer) = (Instant::now(), Vec::new());
    // One that is hung up on while it speaks is reset.
    let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it is closed");
    (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
}

async fn ask(address: SocketAddr, path: &str) -> reqwest::Result<String> {
    let client = Client::builder().no_proxy().build()?;
    client.get(format!("http://{address}{path}")).send().await?.text().await
}

#[tokio::test]
async fn who_says_nothing_is_closed_and_the_others_are_answered() {
    let served = serving(100).await;
    let mut idle = Vec::new();
    // Nothing, half a head, a beginning that could become HTTP/2, and HTTP/2 that asks for nothing.
    let begun = ["", "GET / HTTP/1.1\r\nHost: x\r\n", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
    for text in begun.iter().cycle().take(40) {
        idle.push(tokio::spawn(until_closed(said(served.address, text).await)));
    }
    assert_eq!(ask(served.address, "/").await.unwrap(), "127.0.0.1");
    for closed in idle {
        let (_, took) = closed.await.unwrap();
        assert!(took < LONG / 2, "{took:?}");
    }
    // Waiting for the next request is idle, too; working on an answer is not.
    let (answer, took) = until_closed(said(served.address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    assert!(answer.ends_with("127.0.0.1") && took >= IDLE / 2, "{answer} {took:?}");
    assert_eq!(ask(served.address, "/slow").await.unwrap(), "slow");
    served.stop.cancel();
    served.serving.await.unwrap();
}

#[tokio::test]
async fn who_takes_every_place_gets_no_more_and_has_to_give_them_back() {
    let served = serving(4).await;
    // Beyond the limit there are a few for this machine.
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(said(served.address, "GET / HTTP/1.1\r\n").await);
    }
    let begun = Instant::now();
    ask(served.address, "/").await.expect_err("it is full");
    assert!(begun.elapsed() < IDLE, "it is told at once");
    let mut asked = Instant::now();
    while ask(served.address, "/").await.is_err() {
        assert!(begun.elapsed() < LONG, "places come back");
        asked = Instant::now();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(asked.elapsed() < LONG);
    drop(idle);
    served.stop.cancel();
    served.serving.await.unwrap();
}

#[tokio::test]
async fn who_is_being_answered_is_answered_to_the_end_when_the_server_stops() {
    let served = serving(10).await;
    let (idle, unsaid) = (said(served.address, "GET / HTTP/1.1\r\n").await, said(served.address, "").await);
    let slow = tokio::spawn(async move { ask(served.address, "/slow").await });
    tokio::time::sleep(IDLE / 4).await;
    served.stop.cancel();
    assert_eq!(slow.await.unwrap().unwrap(), "slow");
    tokio::time::timeout(LONG, served.serving).await.unwrap().unwrap();
    TcpStream::connect(served.address).await.expect_err("nobody listens");
    drop((idle, unsaid));
}

#[tokio::test]
async fn who_does_not_read_what_is_sent_is_closed_and_who_reads_slowly_is_not() {
    let served = serving(100).await;
    let ask = "Host: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let talk = said(served.address, &format!("GET /talk HTTP/1.1\r\n{ask}")).await;
    let large = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    let mute = said(served.address, large).await;
    let mut slow = said(served.address, large).await;
    let slow = tokio::spawn(async move {
        let (mut read, mut buffer) = (0, vec![0; 2 << 20]);
        let begun = Instant::now();
        while read < LARGE {
            tokio::time::sleep(IDLE / 8).await;
            match slow.read(&mut buffer).await.unwrap() {
                0 => break,
                some => read += some,
            }
        }
        (read, begun.elapsed())
    });
    let (read, took) = slow.await.unwrap();
    assert!(read > LARGE && took > IDLE, "{read} bytes in {took:?}");
    tokio::time::sleep(IDLE * 2).await;
    // Nothing of them is left to be waited for.
    served.stop.cancel();
    tokio::time::timeout(IDLE / 2, served.serving).await.expect("both were closed").unwrap();
    let (answer, _) = until_closed(mute).await;
    assert!(!answer.is_empty() && answer.len() < LARGE, "{}", answer.len());
    let (answer, _) = until_closed(talk).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{}", answer.len());
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What a client of HTTP/2 says that asks for a path and has room for so many bytes of the answer.
fn asking(path: &str, room: u32) -> Vec<u8> {
    let settings = [&[0, 4], room.to_be_bytes().as_slice()].concat();
    let length = u8::try_from(path.len()).unwrap();
    let head = [&[0x82, 0x86, 0x04, length], path.as_bytes(), &[0x01, 1, b'x']].concat();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    [preface, frame(4, 0, 0, &settings), frame(4, 1, 0, &[]), frame(1, 5, 1, &head)].concat()
}

#[tokio::test]
async fn who_makes_no_room_over_http2_is_closed_though_they_answer_pings() {
    let served = serving(100).await;
    let mut all = Vec::new();
    // None at all, too little for all of it, too little for its end, and one who has all and asks for no more.
    for (path, room) in [("/large", 0), ("/large", 100_000), ("/", 1), ("/", 65_535)] {
        let stream = TcpStream::connect(served.address).await.unwrap();
        let (mut reads, mut writes) = stream.into_split();
        writes.write_all(&asking(path, room)).await.unwrap();
        all.push(tokio::spawn(async move {
            let begun = Instant::now();
            let mut head = [0; 9];
            while reads.read_exact(&mut head).await.is_ok() {
                let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
                if reads.read_exact(&mut payload).await.is_err() {
                    break;
                }
                if (head[3], head[4]) == (6, 0) && writes.write_all(&frame(6, 1, 0, &payload)).await.is_err()
                {
                    break;
                }
            }
            begun.elapsed()
        }));
    }
    for closed in all {
        let took = tokio::time::timeout(LONG, closed).await.expect("it is closed").unwrap();
        assert!(took >= IDLE / 2 && took < LONG / 2, "{took:?}");
    }
    served.stop.cancel();
    tokio::time::timeout(IDLE, served.serving).await.expect("nothing is left of them").unwrap();
}

#[tokio::test]
async fn who_hears_little_or_reads_slowly_over_http2_is_not_closed() {
    let served = serving(100).await;
    let client = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let url = |path: &str| format!("http://{}{path}", served.address);
    let quiet = client.get(url("/quiet")).send().await.unwrap();
    assert_eq!(quiet.text().await.unwrap(), "word word ");
    let client = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let (mut slow, mut read, begun) = (client.get(url("/large")).send().await.unwrap(), 0, Instant::now());
    while let Some(chunk) = slow.chunk().await.unwrap() {
        read += chunk.len();
        if begun.elapsed() < IDLE * 6 {
            tokio::time::sleep(IDLE / 8).await;
        }
    }
    assert_eq!(read, LARGE);
    // It may come back, too.
    assert_eq!(client.get(url("/")).send().await.unwrap().text().await.unwrap(), "127.0.0.1");
    drop(client);
    served.stop.cancel();
    tokio::time::timeout(LONG, served.serving).await.unwrap().unwrap();
}

#[test]
fn visitors_never_get_all_descriptors() {
    let of = |descriptors| Limits::of(descriptors, 1_000, Networks::default());
    assert!(of(400).connections <= 200 && of(400).per_address < 100);
    let own = of(descriptors::raise());
    assert!(own.connections < descriptors::raise() && own.per_address < own.connections);
}
