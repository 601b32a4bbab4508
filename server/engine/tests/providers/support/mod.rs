//! A stand-in for the other side, the messages that every provider is shown, and the table of statuses that all of them share.

mod messages;
mod server;

use std::sync::OnceLock;
use std::time::Duration;

use domain::id::DeliveryId;
use domain::integration::IntegrationSettings;
use domain::message::Message;
use domain::time::Timestamp;
use engine::chance::Chance;
use engine::checks::{Checks, ChecksConfig};
use engine::providers::{self, Attempting, DeliveryError, Outbound, Reach, Receipt, Transcript};
use tokio::net::TcpListener;

pub(crate) use messages::*;
pub(crate) use server::{Heard, Reply, Server};

/// 2026-03-02T00:00:00Z, when every message of these tests is planned and sent.
pub(crate) const NOW: Timestamp = Timestamp(1_772_409_600_000);
/// Where the console of these tests is.
pub(crate) const CONSOLE: &str = "https://pharos.example.org";

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

    /// Why nothing was sent; fails when something was, or looks as if it had been.
    pub(crate) fn nothing(&self) -> &str {
        assert_eq!((self.request.as_str(), self.response.as_str()), ("", ""), "nothing was said");
        match &self.result {
            Ok(Receipt { reach: Reach::Nobody(why), external_id: None, learned: None }) => why,
            other => panic!("expected that nothing is sent, got {other:?}"),
        }
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

/// The same when the incident escalated to the same integration, whose further messages the other side called `further_ids`.
pub(crate) async fn deliver_escalated(
    settings: &IntegrationSettings,
    message: &Message,
    external_id: &str,
    further_ids: &[String],
) -> Told {
    let (id, chance) = (delivery(), Chance::seeded(7));
    let attempting = Attempting { further_ids, ..attempting(&id, &chance, Some(external_id)) };
    tell(&outbound(), settings, message, &attempting).await
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
    tell(outbound, settings, message, &attempting).await
}

async fn tell(
    outbound: &Outbound,
    settings: &IntegrationSettings,
    message: &Message,
    attempting: &Attempting<'_>,
) -> Told {
    let result = providers::of(settings).deliver(outbound, message, attempting).await;
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
        further_ids: &[],
        attempts: 0,
        unconfirmed: &[],
        last_delivered: None,
        now: NOW,
        chance,
        transcript: Transcript::default(),
    }
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
