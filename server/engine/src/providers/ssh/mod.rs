//! ssh: restarts a server when an incident begins.
//!
//! Only the first message of an incident does anything, and at most once in the cool-down, however many monitors watch the server:
//! [`Attempting::last_delivered`] knows of runs that are over, of whatever node and integration, and of those that a program did not see
//! the end of; the dispatcher keeps two nodes from running at the same time; [`Runs`] knows of those of this process that are not over,
//! or were a moment ago.

mod runs;
mod session;

use std::net::IpAddr;
use std::time::Duration;

use domain::alert::AlertKind;
use domain::check::target::host_port;
use domain::integration::{IntegrationSettings, SshSettings};
use domain::message::{Body, Message, duration_words};
use domain::time::{MINUTE, Timestamp};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Attempting, DeliveryError, Outbound, Provider, Receipt};
pub(super) use runs::Runs;
use runs::Turn;
use session::{Ended, Session};

/// When to look again while another message restarts the same server.
const WHILE_RUNNING: Duration = Duration::from_mins(1);
/// What external ids of runs begin with; only deliveries with one count for the cool-down.
const RUN: &str = "run:";

impl Provider for SshSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            match &message.body {
                Body::Alert(alert) if alert.test => try_out(self, outbound, attempting).await,
                Body::Alert(alert) if alert.kind == AlertKind::Error => {
                    restart(self, outbound, attempting).await
                }
                Body::Alert(_) | Body::Group(_) | Body::Acknowledged(_) | Body::Event(_) => {
                    let kind = message.kind();
                    let why = format!("a server is restarted when an incident begins, and this is “{kind}”");
                    Ok(Receipt::nothing(&why))
                }
            }
        }
        .boxed()
    }

    fn acts_on(&self) -> Option<String> {
        Some(server(self))
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        Some(
            async move {
                let session = log_in(self, outbound, attempting).await?;
                let key = session.host_key().to_owned();
                session.close().await;
                Ok(format!(
                    "{} lets {} in; its host key is {key}. Nothing was run.",
                    self.address(),
                    self.username
                ))
            }
            .boxed(),
        )
    }

    fn timeout(&self) -> Duration {
        session::LOGIN + session::RUN + Duration::from_secs(5)
    }
}

/// Logs in and leaves: somebody who tries the integration does not want the server to go away.
async fn try_out(
    settings: &SshSettings,
    outbound: &Outbound,
    attempting: &Attempting<'_>,
) -> Result<Receipt, DeliveryError> {
    let session = log_in(settings, outbound, attempting).await?;
    let receipt = Receipt { learned: learned(settings, &session), ..Receipt::default() };
    attempting.transcript.answered(None, "Not run: this is a test. The next incident runs the command.");
    session.close().await;
    Ok(receipt)
}

async fn restart(
    settings: &SshSettings,
    outbound: &Outbound,
    attempting: &Attempting<'_>,
) -> Result<Receipt, DeliveryError> {
    let cooldown = i64::from(settings.cooldown_minutes) * MINUTE;
    let turn = match outbound.runs.begin(&server(settings), attempting.now) {
        Turn::Ours(turn) => turn,
        Turn::Taken => {
            let reason = format!("another message restarts {} right now", settings.address());
            return Err(DeliveryError::Retry { after: Some(WHILE_RUNNING), reason });
        }
    };
    let last = turn.last().max(attempting.last_delivered);
    if let Some(last) = last.filter(|last| attempting.now.since(*last) < cooldown) {
        let ago = ago(last, attempting.now);
        return Ok(Receipt::nothing(&format!("not run, because the last restart was {ago}")));
    }
    let session = log_in(settings, outbound, attempting).await?;
    let learned = learned(settings, &session);
    attempting.transcript.sent(format!("$ {}", settings.command));
    let ended = session.run(&settings.command).await?;
    // From here on the command has begun, whatever became of it.
    attempting.transcript.answered(None, ended.words());
    if let Ended::Failed { status, said, .. } = &ended {
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        return Err(DeliveryError::permanent(format!(
            "“{}” ended with status {status}{said}. Check that {} may run it without a password.",
            settings.command, settings.username
        )));
    }
    turn.ran(attempting.now);
    Ok(Receipt { external_id: Some(format!("{RUN}{}", attempting.now.0)), learned, ..Receipt::default() })
}

async fn log_in(
    settings: &SshSettings,
    outbound: &Outbound,
    attempting: &Attempting<'_>,
) -> Result<Session, DeliveryError> {
    attempting.transcript.sent(format!("ssh {}@{}", settings.username, settings.address()));
    let session = Session::open(outbound, settings).await;
    match &session {
        Ok(session) => {
            attempting.transcript.answered(None, format!("Logged in; host key {}.", session.host_key()));
        }
        Err(error) => attempting.transcript.answered(None, error.to_string()),
    }
    session
}

/// The settings with the host key, when it was met for the first time.
fn learned(settings: &SshSettings, session: &Session) -> Option<Box<IntegrationSettings>> {
    settings.host_key.is_none().then(|| {
        let host_key = Some(session.host_key().to_owned());
        Box::new(SshSettings { host_key, ..settings.clone() }.into())
    })
}

/// What runs are counted by, whoever logs in and whatever runs: two integrations may lead to one server.
fn server(settings: &SshSettings) -> String {
    let host = settings.ip.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    // One address can be written in many ways.
    let host = host.parse::<IpAddr>().map_or(host, |address| address.to_canonical().to_string());
    host_port(&host, settings.port)
}

fn ago(last: Timestamp, now: Timestamp) -> String {
    match now.since(last) / MINUTE {
        0 => "less than a minute ago".to_owned(),
        minutes => format!("{} ago", duration_words(minutes * MINUTE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_one_name_however_it_is_written() {
        let name = |host: &str| server(&SshSettings::with_password(host, 22, "deploy", "hunter2"));
        assert_eq!(name("Web.Example.org."), name("web.example.org"));
        assert_eq!(name("2001:DB8:0:0::1"), name("2001:db8::1"));
        assert_eq!(name("::ffff:192.0.2.1"), name("192.0.2.1"));
        let other = SshSettings::with_password("192.0.2.1", 2222, "deploy", "hunter2");
        assert_ne!(server(&other), name("192.0.2.1"), "behind one address there may be two");
    }
}
