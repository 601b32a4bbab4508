//! A stand-in for the other side, the messages that every provider is shown, and the table of statuses that all of them share.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use domain::alert::AlertKind;
use domain::id::{AlertId, DeliveryId, IncidentId, MonitorId};
use domain::integration::IntegrationSettings;
use domain::message::{Acknowledged, Alert, Body, EventNote, Group, IncidentFacts, Message, MonitorFacts};
use domain::time::{MINUTE, Timestamp};
use engine::chance::Chance;
use engine::checks::{Checks, ChecksConfig};
use engine::providers::{self, Attempting, DeliveryError, Outbound, Receipt, Transcript};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// 2026-03-02T00:00:00Z, when every message of these tests is planned and sent.
pub(crate) const NOW: Timestamp = Timestamp(1_772_409_600_000);
/// Where the console of these tests is.
pub(crate) const CONSOLE: &str = "https://pharos.example.org";

/// A request as the stand-in heard it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The body as JSON; `Null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The fields of a body that is a form.
    pub(crate) fn form(&self) -> std::collections::BTreeMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// What the stand-in answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: vec![("content-type", "text/plain".to_owned())], body: body.to_owned() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn written(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Said\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head += &[*name, ": ", value, "\r\n"].concat();
        }
        // RFC 9110: these have no body.
        let body = if matches!(self.status, 204 | 304) { "" } else { &self.body };
        format!("{head}\r\n{body}")
    }
}

/// An HTTP server that answers with a closure and remembers what it heard.
pub(crate) struct Server {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, heard) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                tokio::spawn(async move { serve(socket, &*answer, &all).await });
            }
        });
        Self { url, heard }
    }

    /// A server that always says the same.
    pub(crate) async fn saying(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    /// What was heard since the last time.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// The only request since the last time.
    pub(crate) fn one(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:#?}");
        heard.into_iter().next().unwrap()
    }
}

async fn serve(mut socket: TcpStream, answer: &(impl Fn(&Heard) -> Reply + Sync), all: &Mutex<Vec<Heard>>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8_192]);
    loop {
        let read = socket.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..read]);
        let Some(request) = parse(&bytes) else { continue };
        let reply = answer(&request).written();
        all.lock().unwrap().push(request);
        bytes.clear();
        if socket.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A whole request; nothing while there is more to come.
fn parse(bytes: &[u8]) -> Option<Heard> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut request = Heard { method, path, headers, body: String::new() };
    let length = request.header("content-length").parse().unwrap_or(0);
    let body = bytes.get(end + 4..end + 4 + length)?;
    request.body = String::from_utf8(body.to_vec()).unwrap();
    Some(request)
}

/// What became of a message.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) result: Result<Receipt, DeliveryError>,
    /// What the log keeps of the request.
    pub(crate) request: String,
    /// What the log keeps of the answer.
    pub(crate) response: String,
    pub(crate) status: Option<u16>,
}

impl Told {
    /// What the other side calls the message.
    pub(crate) fn external_id(&self) -> Option<&str> {
        self.result.as_ref().unwrap().external_id.as_deref()
    }

    /// How long to wait before the next attempt, and why; fails when there will be none.
    pub(crate) fn retry(&self) -> (Option<Duration>, &str) {
        match &self.result {
            Err(DeliveryError::Retry { after, reason }) => (*after, reason),
            other => panic!("expected that it is tried again, got {other:?}"),
        }
    }

    /// Why there will be no other attempt.
    pub(crate) fn permanent(&self) -> &str {
        match &self.result {
            Err(DeliveryError::Permanent { reason }) => reason,
            other => panic!("expected that it is given up, got {other:?}"),
        }
    }

    /// Fails when any of the texts stands in the log or in the reason.
    pub(crate) fn hides(&self, secrets: &[&str]) -> &Self {
        let reason = self.result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        for secret in secrets {
            let shown = [&self.request, &self.response, &reason].iter().any(|text| text.contains(secret));
            assert!(!shown, "“{secret}” can be read in {self:#?}");
        }
        self
    }
}

pub(crate) fn outbound() -> Outbound {
    // Reading the roots of the machine takes longer than any of these tests; a client belongs to the runtime of one test.
    static CHECKS: OnceLock<Checks> = OnceLock::new();
    CHECKS.get_or_init(|| Checks::new(ChecksConfig::default()).unwrap()).outbound().unwrap()
}

/// The delivery of these tests.
pub(crate) fn delivery() -> DeliveryId {
    DeliveryId::new([9; 13])
}

/// Sends a message that is the first about its incident.
pub(crate) async fn deliver(settings: &IntegrationSettings, message: &Message) -> Told {
    deliver_after(settings, message, None).await
}

/// Sends a message about an incident whose first message the other side called `external_id`.
pub(crate) async fn deliver_after(
    settings: &IntegrationSettings,
    message: &Message,
    external_id: Option<&str>,
) -> Told {
    deliver_over(&outbound(), settings, message, external_id, None).await
}

/// Sends a message with what an installation configures, to an integration that last did something at `last_delivered`.
pub(crate) async fn deliver_over(
    outbound: &Outbound,
    settings: &IntegrationSettings,
    message: &Message,
    external_id: Option<&str>,
    last_delivered: Option<Timestamp>,
) -> Told {
    let (id, chance) = (delivery(), Chance::seeded(7));
    let attempting = Attempting { last_delivered, ..attempting(&id, &chance, external_id) };
    let result = providers::of(settings).deliver(outbound, message, &attempting).await;
    let lines = attempting.transcript.take();
    Told { result, request: lines.request, response: lines.response, status: lines.status }
}

/// Tries the connection; nothing when the provider cannot.
pub(crate) async fn probe(settings: &IntegrationSettings) -> Option<Result<String, DeliveryError>> {
    probe_over(&outbound(), settings).await
}

/// The same with what an installation configures.
pub(crate) async fn probe_over(
    outbound: &Outbound,
    settings: &IntegrationSettings,
) -> Option<Result<String, DeliveryError>> {
    let (id, chance) = (delivery(), Chance::seeded(7));
    let attempting = attempting(&id, &chance, None);
    Some(providers::of(settings).probe(outbound, &attempting)?.await)
}

pub(crate) fn attempting<'a>(
    id: &'a DeliveryId,
    chance: &'a Chance,
    external_id: Option<&'a str>,
) -> Attempting<'a> {
    Attempting {
        id,
        external_id,
        attempts: 0,
        last_delivered: None,
        now: NOW,
        chance,
        transcript: Transcript::default(),
    }
}

fn message(body: Body) -> Message {
    Message { at: NOW, base_url: CONSOLE.to_owned(), time_zone: "UTC".to_owned(), body }
}

/// A message about the outage of a shop that began five minutes ago. What people wrote has what markup would misread.
pub(crate) fn alert(kind: AlertKind) -> Message {
    message(Body::Alert(Box::new(facts(kind))))
}

/// The same, as somebody who tries the integration sends it.
pub(crate) fn test() -> Message {
    message(Body::Alert(Box::new(Alert { test: true, ..facts(AlertKind::Error) })))
}

fn facts(kind: AlertKind) -> Alert {
    let example =
        Alert::example(kind, AlertId::new([1; 13]), IncidentId::new([2; 13]), MonitorId::new([3; 13]), NOW);
    let resolved_at = example.incident.resolved_at;
    Alert {
        test: false,
        incident: IncidentFacts { resolved_at, ..incident() },
        monitor: monitor(),
        ..example
    }
}

/// The public id of the incident in these messages.
pub(crate) fn incident_id() -> String {
    IncidentId::new([2; 13]).to_string()
}

fn incident() -> IncidentFacts {
    IncidentFacts {
        id: IncidentId::new([2; 13]),
        title: "Shop <EU> & more is down".to_owned(),
        failure: "timeout".to_owned(),
        reason: "No answer within 10 s.".to_owned(),
        started_at: Timestamp(NOW.0 - 5 * MINUTE),
        resolved_at: None,
        ended: None,
    }
}

fn monitor() -> MonitorFacts {
    MonitorFacts {
        id: MonitorId::new([3; 13]),
        name: "Shop <EU> & more".to_owned(),
        check: "http".to_owned(),
        target: "https://shop.example.com/?a=1&b=2".to_owned(),
    }
}

pub(crate) fn error() -> Message {
    alert(AlertKind::Error)
}

pub(crate) fn reminder() -> Message {
    alert(AlertKind::Reminder)
}

pub(crate) fn ok() -> Message {
    alert(AlertKind::Ok)
}

/// An outage whose monitor has this name and whose reason is this: for limits.
pub(crate) fn error_with(name: &str, reason: &str) -> Message {
    let mut alert = facts(AlertKind::Error);
    name.clone_into(&mut alert.monitor.name);
    reason.clone_into(&mut alert.incident.reason);
    message(Body::Alert(Box::new(alert)))
}

/// A storm of so many outages.
pub(crate) fn group(count: u8) -> Message {
    storm(count, None)
}

/// The end of so many outages.
pub(crate) fn group_over(count: u8) -> Message {
    storm(count, Some(NOW))
}

fn storm(count: u8, resolved_at: Option<Timestamp>) -> Message {
    let outage = |number: u8| {
        let monitor = MonitorFacts {
            id: MonitorId::new([number; 13]),
            name: format!("Shop {number}"),
            check: "http".to_owned(),
            target: format!("https://shop{number}.example.com/"),
        };
        (monitor, IncidentFacts { id: IncidentId::new([number; 13]), resolved_at, ..incident() })
    };
    let cause = resolved_at.is_none().then(|| "All of them are behind 192.0.2.80.".to_owned());
    message(Body::Group(Group { outages: (1..=count).map(outage).collect(), more: 0, cause, still: false }))
}

pub(crate) fn acknowledged() -> Message {
    message(Body::Acknowledged(Acknowledged {
        incident: incident(),
        monitor: monitor(),
        by: "Ada".to_owned(),
    }))
}

pub(crate) fn event() -> Message {
    event_with(json!({ "incidentId": "inc1", "title": "Checkout <fails>" }))
}

pub(crate) fn event_with(payload: Value) -> Message {
    message(Body::Event(EventNote {
        event: "incident.incident.created".to_owned(),
        payload,
        subscription: "sub1".to_owned(),
        name: "All incidents".to_owned(),
    }))
}

/// Shows a provider every status, with `Retry-After: 7`. `settings` are for a server at a URL, `taken` is what that says when it takes a
/// message, and `except` are statuses to which the service gives a meaning of its own: those are tested beside it.
pub(crate) async fn holds_to_the_table_of_statuses(
    settings: impl Fn(&str) -> IntegrationSettings,
    taken: &Reply,
    except: &[u16],
) {
    holds_to_the_table_over(|url| (outbound(), settings(url)), taken, except).await;
}

/// The same for a provider whose server the installation configures.
pub(crate) async fn holds_to_the_table_over(
    settings: impl Fn(&str) -> (Outbound, IntegrationSettings),
    taken: &Reply,
    except: &[u16],
) {
    let tell = async |url: &str| {
        let (outbound, settings) = settings(url);
        deliver_over(&outbound, &settings, &error(), None, None).await
    };
    let taking: &[u16] = &[200, 201, 202, 204];
    let passing: &[u16] = &[408, 425, 429, 500, 502, 503, 504];
    let lasting: &[u16] = &[301, 302, 307, 308, 400, 401, 403, 404, 405, 410, 413, 422];
    for status in [taking, passing, lasting].concat() {
        if except.contains(&status) {
            continue;
        }
        let reply = if taking.contains(&status) {
            Reply { status, ..taken.clone() }
        } else {
            // Some services write JSON about what was wrong and some do not; neither changes what a status means.
            Reply::text(status, "what was wrong").header("retry-after", "7").header("location", "/elsewhere")
        };
        let server = Server::saying(reply).await;
        let told = tell(&server.url).await;
        assert_eq!(told.status, Some(status));
        match &told.result {
            Ok(_) => assert!(taking.contains(&status), "{status} counts as taken"),
            Err(DeliveryError::Retry { after, .. }) => {
                assert!(passing.contains(&status), "{status} is tried again");
                assert_eq!(*after, Some(Duration::from_secs(7)), "{status}");
            }
            Err(DeliveryError::Permanent { reason }) => {
                assert!(lasting.contains(&status), "{status} is given up: {reason}");
                assert!(reason.contains(&status.to_string()), "{status}: {reason}");
            }
        }
        assert_eq!(server.heard().len(), 1, "{status}: one attempt is one request");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    tell(&nobody).await.retry();
}
