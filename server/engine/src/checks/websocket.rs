//! websocket: the handshake over a connection of our own, and optionally send and expect.

use domain::check::{
    Blindness, Failure, Outcome, Phase, WebSocketSettings,
    evidence::{clip, excerpt},
    redact::shown_url,
};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::Url;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        handshake::client::Request,
        http::{HeaderValue, header::USER_AGENT},
        protocol::WebSocketConfig,
    },
};

use super::{Probe, dial, http};

/// The largest message that is taken, in bytes.
const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// The most messages that are searched for what is expected: a feed that never says it must not be read for ever.
const MAX_MESSAGES: usize = 1_000;
/// The most of a message that a failure quotes, in bytes.
const MAX_QUOTED_BYTES: usize = 200;

/// Runs a websocket check.
pub(super) async fn run(settings: &WebSocketSettings, probe: &Probe<'_>) -> Outcome {
    let misconfigured = |message: String| Outcome::Unknown { why: Blindness::Misconfigured { message } };
    let Ok(url) = Url::parse(&settings.url) else {
        return misconfigured("the URL cannot be read".to_owned());
    };
    let request = match request(settings, probe) {
        Ok(request) => request,
        Err(message) => return misconfigured(message),
    };
    let line = format!("open {}", shown_url(&url));
    probe.trace.with(|notes| notes.evidence.request = Some(line));
    let secure = url.scheme() == "wss";
    let port = url.port().unwrap_or(if secure { 443 } else { 80 });
    let target = (url.host_str().unwrap_or_default(), port);
    let tls = match settings.client_certificate.as_ref().map(|pair| probe.shared.clients.tls_showing(pair)) {
        None => probe.shared.tls_http1.clone(),
        Some(Ok(showing)) => showing,
        Some(Err(message)) => return misconfigured(message),
    };
    let tls = secure.then_some(&tls);
    let stream = match dial::open(probe, target, settings.ip_version, tls, settings.verify_tls).await {
        Ok(stream) => stream,
        Err(outcome) => return outcome,
    };
    probe.trace.enter(Phase::Wait);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
        .read_buffer_size(4_096);
    let mut socket = match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, response)) => {
            probe.trace.with(|notes| {
                notes.evidence.status = Some(response.status().as_u16());
                notes.evidence.headers = http::shown_headers(response.headers(), None);
            });
            socket
        }
        Err(error) => return refused(error, probe),
    };
    let outcome = converse(&mut socket, settings, probe).await;
    // A polite end; the verdict does not depend on it.
    let _ = socket.send(Message::Close(None)).await;
    outcome
}

fn request(settings: &WebSocketSettings, probe: &Probe<'_>) -> Result<Request, String> {
    let mut request = settings.url.as_str().into_client_request().map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    if let Ok(agent) = HeaderValue::from_str(&probe.shared.user_agent) {
        headers.insert(USER_AGENT, agent);
    }
    let sent = http::headers(&settings.headers, &settings.auth)?;
    for name in sent.keys() {
        // In the place of ours, all of one name.
        headers.remove(name);
    }
    for (name, value) in &sent {
        headers.append(name.clone(), value.clone());
    }
    Ok(request)
}

async fn converse<S: dial::Stream>(
    socket: &mut WebSocketStream<S>,
    settings: &WebSocketSettings,
    probe: &Probe<'_>,
) -> Outcome {
    if let Some(text) = &settings.send
        && let Err(error) = socket.send(Message::text(text.as_str())).await
    {
        return broken(&error, Phase::Wait);
    }
    let Some(expected) = &settings.expect else {
        probe.trace.answered();
        return Outcome::Up;
    };
    probe.trace.enter(Phase::Download);
    let mut got = String::new();
    for _ in 0..MAX_MESSAGES {
        let message = match socket.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) if got.is_empty() => return broken(&error, Phase::Download),
            Some(Err(_)) | None => break,
        };
        let payload = match message {
            Message::Text(text) => text.as_str().to_owned(),
            Message::Binary(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Message::Close(_) => break,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        let found = payload.contains(expected.as_str());
        clip(&payload, MAX_QUOTED_BYTES).clone_into(&mut got);
        probe.trace.with(|notes| {
            notes.evidence.excerpt = Some(excerpt(payload.as_bytes()));
            notes.on_timeout = Some(Failure::ExpectMismatch { expected: expected.clone(), got: got.clone() });
        });
        if found {
            probe.trace.answered();
            return Outcome::Up;
        }
    }
    probe.trace.answered();
    Outcome::down(Failure::ExpectMismatch { expected: expected.clone(), got })
}

/// What a failed handshake means.
fn refused(error: Error, probe: &Probe<'_>) -> Outcome {
    let Error::Http(response) = error else { return broken(&error, Phase::Wait) };
    let got = response.status().as_u16();
    probe.trace.with(|notes| {
        notes.evidence.status = Some(got);
        notes.evidence.headers = http::shown_headers(response.headers(), None);
        notes.evidence.excerpt = response.body().as_deref().map(excerpt);
    });
    probe.trace.answered();
    Outcome::down(Failure::HttpStatus { got, expected: "101".to_owned() })
}

fn broken(error: &Error, phase: Phase) -> Outcome {
    match error {
        Error::Io(error) => dial::lost(phase, error),
        Error::ConnectionClosed | Error::AlreadyClosed => Outcome::down(Failure::ConnectionLost {
            phase,
            reason: "the server closed the connection".to_owned(),
        }),
        other => Outcome::down(Failure::ProtocolError { reason: other.to_string() }),
    }
}
