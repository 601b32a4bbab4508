use std::{sync::Arc, time::Duration};

use domain::check::{
    ClientCertificate, Failure, Outcome, WebSocketSettings,
    request::{Auth, Header},
};
use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::handshake::server::{ErrorResponse, Request, Response},
};

use crate::support::*;

/// Echoes what comes; greets first; refuses without the token when one is wanted.
async fn echo(tls: Option<Arc<rustls::ServerConfig>>, wanted: Option<&'static str>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            match tls.clone() {
                None => drop(tokio::spawn(talk(stream, wanted))),
                Some(tls) => drop(tokio::spawn(async move {
                    if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                        talk(stream, wanted).await;
                    }
                })),
            }
        }
    });
    port
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, wanted: Option<&'static str>) {
    #[expect(clippy::result_large_err, reason = "the shape that the library asks for")]
    let guard = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let token = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        if wanted.is_none() || token == wanted {
            return Ok(response);
        }
        Err(Response::builder().status(401).body(Some("who are you?".to_owned())).unwrap())
    };
    let Ok(mut socket) = accept_hdr_async(stream, guard).await else { return };
    let _ = socket.send("welcome".into()).await;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() && socket.send(message).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_socket_that_opens_and_echoes_is_up() {
    let port = echo(None, None).await;
    let plain = WebSocketSettings::new(&format!("ws://127.0.0.1:{port}/socket"));
    let report = run(plain.clone()).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    assert_eq!(report.evidence.status, Some(101));
    let echoing =
        WebSocketSettings { send: Some("ping 7".into()), expect: Some("ping 7".into()), ..plain.clone() };
    let report = run(echoing).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    assert_eq!(report.evidence.excerpt.as_deref(), Some("ping 7"));
    let waiting = WebSocketSettings { expect: Some("goodbye".into()), ..plain };
    let report = checks().run(&waiting.into(), Duration::from_millis(300)).await;
    assert_eq!(
        failure(&report),
        &Failure::ExpectMismatch { expected: "goodbye".into(), got: "welcome".into() }
    );
}

#[tokio::test]
async fn headers_and_tokens_are_sent_and_a_refusal_is_shown() {
    let port = echo(None, Some("Bearer very-secret")).await;
    let mut settings = WebSocketSettings::new(&format!("ws://127.0.0.1:{port}/"));
    settings.headers = vec![Header { name: "X-Team".into(), value: "blue".into() }];
    let report = run(settings.clone()).await;
    assert_eq!(failure(&report), &Failure::HttpStatus { got: 401, expected: "101".into() });
    settings.auth = Auth::Bearer { token: "very-secret".into() };
    assert_eq!(run(settings).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn tls_is_judged_as_for_http() {
    let authority = Authority::new();
    let port = echo(Some(serving_all(authority.issue(&Leaf::default()))), None).await;
    let settings = WebSocketSettings::new(&format!("wss://localhost:{port}/"));
    assert_eq!(authority.trusted().run(&settings.clone().into(), TIMEOUT).await.outcome, Outcome::Up);
    let report = run(settings.clone()).await;
    assert!(matches!(failure(&report), Failure::CertificateUntrusted { .. }), "{report:?}");
    assert_eq!(run(WebSocketSettings { verify_tls: false, ..settings }).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn a_web_server_that_speaks_no_websocket_is_named() {
    let page = Server::start(|_| ok("hello")).await;
    let report = run(WebSocketSettings::new(&format!("ws://{}/", page.address))).await;
    assert_eq!(failure(&report), &Failure::HttpStatus { got: 200, expected: "101".into() });
    let garbage = Server::start(|_| write("220 mail\r\n\r\n")).await;
    let report = run(WebSocketSettings::new(&format!("ws://{}/", garbage.address))).await;
    assert!(matches!(failure(&report), Failure::ProtocolError { .. }), "{report:?}");
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_it() {
    let authority = Authority::new();
    let port = echo(Some(authority.asking(authority.issue(&Leaf::default()))), None).await;
    let client = authority.issue(&Leaf { names: vec!["pharos".to_owned()], ..Leaf::default() });
    let pair = ClientCertificate { certificate: client.certificate_pem, key: client.key_pem.into() };
    let settings = WebSocketSettings::new(&format!("wss://localhost:{port}/"));
    let checks = authority.trusted();
    let report = checks.run(&settings.clone().into(), TIMEOUT).await;
    assert!(matches!(report.outcome, Outcome::Down { .. }), "{report:?}");
    let showing = WebSocketSettings { client_certificate: Some(pair), ..settings };
    let report = checks.run(&showing.into(), TIMEOUT).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
}

#[tokio::test]
async fn headers_of_one_name_are_all_sent() {
    let server = Server::start(|_| answer("403 Forbidden", "", b"")).await;
    let header = |value: &str| Header { name: "X-Team".into(), value: value.into() };
    let mut settings = WebSocketSettings::new(&server.url("/").replace("http", "ws"));
    settings.headers =
        vec![header("blue"), header("green"), Header { name: "User-Agent".into(), value: "me".into() }];
    run(settings).await;
    let request = server.requests().remove(0).to_lowercase();
    assert!(request.contains("x-team: blue") && request.contains("x-team: green"), "{request}");
    assert_eq!(request.matches("user-agent").count(), 1, "{request}");
}
