//! Providers: how each integration is told. A provider sees a message and its own settings, and never the store.
//!
//! [`Provider`] is implemented for the settings of each kind, in the file of that kind; [`http`] turns an answer into a
//! verdict once for all of them.

mod apprise;
mod custom;
mod dial;
mod discord;
mod email;
mod hidden;
pub mod http;
mod jira;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod parts;
pub(crate) mod pause;
pub mod slack;
mod sms;
mod ssh;
mod subject;
mod teams;
mod telegram;
mod telex;
mod unanswered;
pub mod verify;
mod webhook;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::id::DeliveryId;
use domain::integration::IntegrationSettings;
use domain::message::Message;
use domain::text::without_nul;
use domain::time::Timestamp;
use futures::future::BoxFuture;

pub use email::{MailSecurity, MailSettings, send_confirmation};
pub use http::{Answer, Call, Outbound};
pub use sms::{TwilioAuth, TwilioSender, TwilioSettings};

/// Who carries messages for this installation.
#[derive(Clone, Debug, Default)]
pub struct Carriers {
    /// The mail server, if there is one.
    pub mail: Option<MailSettings>,
    /// Who carries text messages, if anybody does.
    pub sms: Option<TwilioSettings>,
    /// Whether phone numbers are taken without the code that proves who owns them.
    pub trusts_numbers: bool,
}

/// What is known of a delivery while it is tried.
#[derive(Debug)]
pub struct Attempting<'a> {
    /// The public id, the same at each attempt.
    pub id: &'a DeliveryId,
    /// What the other side called the first message of the incident.
    pub external_id: Option<&'a str>,
    /// What it called those by which an escalation came back to it; only for who [changes messages](Provider::changes_messages).
    pub further_ids: &'a [String],
    /// Attempts before this one.
    pub attempts: u32,
    /// Addresses of accounts that nobody confirmed, in lower case: they get nothing.
    pub unconfirmed: &'a [String],
    /// When an integration last took the beginning of an outage and gave it an external id, or may have: a program ended meanwhile. That
    /// one or another that acts on the same; see [`Provider::acts_on`].
    pub last_delivered: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
    /// Chance for what needs it.
    pub chance: &'a crate::chance::Chance,
    /// What was sent and answered, for the log.
    pub transcript: Transcript,
}

/// What the other side said when it took a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipt {
    /// What it calls the message.
    pub external_id: Option<String>,
    /// Settings that it taught us (a host key that was met for the first time); stored unless the operator changed them meanwhile.
    pub learned: Option<Box<IntegrationSettings>>,
    /// Who got it.
    pub reach: Reach,
}

/// Who got a message that the other side did not refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Everybody whom the integration names.
    #[default]
    All,
    /// Not all of them: who did not, and why, for people.
    Partly(String),
    /// Not all of them, and some of those who did not may get it later: they are to be sent it alone.
    Later {
        /// Who did not, and why, for people.
        why: String,
        /// The addresses to which it is still to be sent.
        owed: Vec<String>,
    },
    /// Nobody, because the provider has nothing to do about such a message: why, for people. This is neither a success of the
    /// integration nor a failure.
    Nobody(String),
}

impl Receipt {
    /// Nothing was sent, because there is nothing to do about such a message; `why` is a sentence without its full stop.
    pub(super) fn nothing(why: &str) -> Self {
        Self { reach: Reach::Nobody(format!("Nothing: {why}.")), ..Self::default() }
    }

    /// Who did not get it, and why; `None` when everybody did.
    pub fn missed(&self) -> Option<&str> {
        match &self.reach {
            Reach::All => None,
            Reach::Partly(why) | Reach::Nobody(why) | Reach::Later { why, .. } => Some(why),
        }
    }
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It may be taken later.
    #[error("{reason}")]
    Retry {
        /// Not before so long; nothing for the usual pause.
        after: Option<Duration>,
        /// Why, for people.
        reason: String,
    },
    /// It will never be taken like this.
    #[error("{reason}")]
    Permanent {
        /// Why, for people, and what to do.
        reason: String,
    },
}

impl DeliveryError {
    /// Something that may pass.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { after: None, reason: reason.into() }
    }

    /// Something that stays as it is.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent { reason: reason.into() }
    }
}

/// How a kind of integration is told.
pub trait Provider: Send + Sync {
    /// Sends a message.
    ///
    /// # Errors
    /// Whether trying again may help, and why it was not taken.
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>>;

    /// The shortest time between two messages to one integration, when the other side has such a rule.
    fn pace(&self) -> Option<Duration> {
        None
    }

    /// What the beginning of an outage has something done to that must not be done twice, by the name that it has for every integration
    /// that leads there. Then [`Attempting::last_delivered`] is told, one node at a time has such a message for it, and one that a node
    /// may have sent before it ended is not sent again.
    fn acts_on(&self) -> Option<String> {
        None
    }

    /// Whether what was posted is changed when things change. Then [`Attempting::further_ids`] is told.
    fn changes_messages(&self) -> bool {
        false
    }

    /// Whether it tells the answer of the failing check. Then [`domain::message::SeenFacts::excerpt`] is all of it, as far as it is kept.
    fn tells_answer(&self) -> bool {
        false
    }

    /// Whether a status of a failed message says that nothing is to be sent there ever again. Then the integration is switched off.
    fn is_gone(&self, status: u16) -> bool {
        let _ = status;
        false
    }

    /// Sends nothing, or nothing that anybody would notice, and says whether the integration would work; `None` when the other side
    /// has no such call, and only a test message can tell.
    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        let _ = (outbound, attempting);
        None
    }

    /// How long a message may take.
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// The provider of settings; the compiler asks for an arm when a kind is added to the list.
pub fn of(settings: &IntegrationSettings) -> &dyn Provider {
    match settings {
        IntegrationSettings::Email(settings) => settings.as_ref(),
        IntegrationSettings::Sms(settings) => settings.as_ref(),
        IntegrationSettings::Ssh(settings) => settings.as_ref(),
        IntegrationSettings::Slack(settings) => settings.as_ref(),
        IntegrationSettings::Discord(settings) => settings.as_ref(),
        IntegrationSettings::Teams(settings) => settings.as_ref(),
        IntegrationSettings::Telegram(settings) => settings.as_ref(),
        IntegrationSettings::Ntfy(settings) => settings.as_ref(),
        IntegrationSettings::Telex(settings) => settings.as_ref(),
        IntegrationSettings::Apprise(settings) => settings.as_ref(),
        IntegrationSettings::Webhook(settings) => settings.as_ref(),
        IntegrationSettings::Custom(settings) => settings.as_ref(),
        IntegrationSettings::PagerDuty(settings) => settings.as_ref(),
        IntegrationSettings::Opsgenie(settings) => settings.as_ref(),
        IntegrationSettings::Jira(settings) => settings.as_ref(),
    }
}

/// Sends nothing, because the provider cannot tell of such an event: that is the fault of the subscription and not of the
/// integration, which must not seem broken.
fn untold(why: &str) -> Receipt {
    Receipt::nothing(&format!("{why}. Remove the subscription to this event, or use a webhook for it"))
}

/// What was sent and answered, for the log.
#[derive(Default)]
pub struct Transcript(Mutex<Lines>);

/// The two halves of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// What was sent.
    pub request: String,
    /// What was answered.
    pub response: String,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
}

/// The longest half that is kept, in bytes.
const MAX_TRANSCRIPT: usize = 16 * 1024;

impl Transcript {
    /// Notes what is sent; secrets are masked by whoever notes.
    pub fn sent(&self, text: impl Into<String>) {
        append(&mut self.lines().request, text.into());
    }

    /// Notes what was answered.
    pub fn answered(&self, status: Option<u16>, text: impl Into<String>) {
        let mut lines = self.lines();
        lines.status = status.or(lines.status);
        append(&mut lines.response, text.into());
    }

    /// What was noted.
    pub fn take(&self) -> Lines {
        std::mem::take(&mut self.lines())
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transcript")
    }
}

fn append(half: &mut String, mut text: String) {
    let begins = if half.is_empty() { "" } else { "\n\n" };
    let room = MAX_TRANSCRIPT.saturating_sub(half.len() + begins.len());
    text.truncate(text.floor_char_boundary(room));
    // PostgreSQL keeps no NUL in a text.
    let text = match without_nul(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(text) => text,
    };
    // Most have one part, which need not be copied.
    if half.is_empty() {
        *half = text;
    } else {
        half.push_str(begins);
        half.push_str(&text);
    }
}
