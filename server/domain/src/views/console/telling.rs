//! What operators see of integrations, alert definitions, deliveries, tokens and incidents.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alert::QuietHours;
use crate::delivery::DeliveryState;
use crate::form::Form;
use crate::id::{DefinitionId, DeliveryId, IncidentId, IntegrationId, MonitorId, SubscriptionId, TokenId};
use crate::integration::ProviderKind;
use crate::time::Timestamp;

use super::{EvidenceItem, IncidentRow};

/// The most incidents on one page of the list.
pub const INCIDENTS_PER_PAGE: u32 = 50;
/// The most deliveries on one page of the log.
pub const DELIVERIES_PER_PAGE: u32 = 50;
/// Deliveries that are counted; of more it is only said that there are.
pub const MOST_COUNTED: i64 = 10_000;

/// Something with a name that links to its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named<T> {
    /// The public id.
    pub id: T,
    /// What it is called.
    pub name: String,
}

/// An integration in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntegrationRow {
    /// The public id.
    pub id: IntegrationId,
    /// The provider.
    pub kind: ProviderKind,
    /// What it is called.
    pub name: String,
    /// Where it leads to, without secrets; or why its settings cannot be read.
    pub target: String,
    /// Whether it is used.
    pub enabled: bool,
    /// When it is not written to.
    pub quiet: Option<QuietHours>,
    /// Whether all of its addresses still have to be confirmed before anything is sent.
    pub unverified: bool,
    /// Those of its addresses that get nothing before they are confirmed.
    pub unconfirmed: Vec<String>,
    /// Since when messages fail for a reason that trying again cannot mend.
    pub failing_since: Option<Timestamp>,
    /// The reason, and what to do.
    pub failing: Option<String>,
    /// Levels of alert definitions that name it.
    pub levels: u32,
    /// Monitors that it is attached to.
    pub monitors: u32,
    /// Subscriptions to events.
    pub subscriptions: u32,
    /// The last message, and what became of it.
    pub last: Option<(Timestamp, DeliveryState)>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Who uses an integration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedBy {
    /// Alert definitions.
    pub definitions: Vec<Named<DefinitionId>>,
    /// Monitors that it is attached to.
    pub monitors: Vec<Named<MonitorId>>,
    /// Subscriptions to events.
    pub subscriptions: Vec<Named<SubscriptionId>>,
    /// What levels of those definitions leave out.
    pub lacking: Vec<super::LackingVariable>,
}

/// What the form of an integration starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntegrationForm {
    /// The integration; `None` for a new one.
    pub id: Option<IntegrationId>,
    /// The provider.
    pub kind: ProviderKind,
    /// Name, whether it is used, quiet hours, and the provider's fields; secrets are empty.
    pub values: Form,
    /// Who uses it.
    pub used_by: UsedBy,
    /// Why its settings cannot be read, if so: saving the form replaces them.
    pub unreadable: Option<String>,
    /// Why messages fail for good, if they do.
    pub failing: Option<String>,
    /// Those of its addresses that belong to accounts and are not confirmed: they get nothing before they are.
    pub unconfirmed: Vec<String>,
    /// Its last messages, the newest first, at most ten.
    pub deliveries: Vec<DeliveryRow>,
    /// What it would send, if its author composes that.
    pub preview: Option<super::CustomPreview>,
    /// What its templates can say, if it has any.
    pub words: Vec<super::TemplateWord>,
}

/// What a trial of an integration said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationTrial {
    /// Whether the other side took it.
    pub ok: bool,
    /// What went wrong and what to do; or what the other side said of itself.
    pub words: Option<String>,
    /// What was sent; secrets masked.
    pub request: String,
    /// What was answered.
    pub response: String,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// A delivery in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// The public id.
    pub id: DeliveryId,
    /// When it was planned.
    pub at: Timestamp,
    /// `error`, `reminder`, `ok`, `test`, `group`, `acknowledged` or `event`; `rest` for those whom another of these did not reach.
    pub kind: String,
    /// Where it stands; what had arrived counts as delivered, though sending it once more failed.
    pub state: DeliveryState,
    /// Where the message stands that tells it together with others, if one does.
    #[serde(default)]
    pub together: Option<DeliveryState>,
    /// The line that people see first.
    pub headline: String,
    /// To whom.
    pub integration: Named<IntegrationId>,
    /// The provider.
    pub provider: ProviderKind,
    /// The incident.
    pub incident: Option<IncidentId>,
    /// Attempts so far.
    pub attempts: u32,
    /// The next attempt.
    pub due_at: Option<Timestamp>,
    /// Why the last attempt failed, why it was not sent, or who did not get what others got, and why.
    pub error: Option<String>,
    /// Whether it had arrived, was asked for once more, and did not arrive again: `error` says why.
    #[serde(default)]
    pub sent_in_vain: bool,
    /// What the other side calls it.
    pub external_id: Option<String>,
    /// When something last happened to it.
    pub updated_at: Timestamp,
}

impl DeliveryRow {
    /// How far it has come: what is told together with others has come as far as the message that tells it.
    pub fn fate(&self) -> DeliveryState {
        match (self.state, self.together) {
            (DeliveryState::Grouped, Some(state)) if state != DeliveryState::Delivered => state,
            (state, _) => state,
        }
    }
}

/// What is asked of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryQuery {
    /// A text in the names of integration and monitor, the incident's title, the error or the id; only the newest messages are searched.
    pub search: String,
    /// Where it stands.
    pub state: Option<DeliveryState>,
    /// To whom.
    pub integration: Option<IntegrationId>,
    /// About which incident.
    pub incident: Option<IncidentId>,
    /// About which monitor.
    pub monitor: Option<MonitorId>,
    /// The page, from 1 on.
    pub page: u32,
}

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryList {
    /// The deliveries, the newest first.
    pub rows: Vec<DeliveryRow>,
    /// How many there are in all, [`MOST_COUNTED`] at most.
    pub found: i64,
    /// Whether there are more than that.
    pub more: bool,
    /// The page, from 1 on.
    pub page: u32,
    /// How the last 24 hours went.
    pub counts: DeliveryCounts,
}

/// How many deliveries stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryCounts {
    /// Not tried yet, or on their way.
    pub waiting: i64,
    /// Failed, and will be tried again.
    pub retrying: i64,
    /// Taken.
    pub delivered: i64,
    /// Failed for good.
    pub failed: i64,
    /// Not sent, and need not be.
    pub skipped: i64,
}

/// An attempt, with everything that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    /// From 1 on.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// What was sent; secrets masked.
    pub request: String,
    /// What was answered.
    pub response: String,
    /// Why it failed.
    pub error: Option<String>,
}

/// A delivery's own page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// What the log shows.
    pub row: DeliveryRow,
    /// The attempts, the newest first.
    pub attempts: Vec<AttemptView>,
    /// The message as it was planned, in facts; `null` when it cannot be read.
    pub message: Value,
}

/// A token of a program; the token itself is shown once and not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// The public id.
    pub id: TokenId,
    /// What it is called.
    pub name: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A subscription of an integration to events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRow {
    /// The public id.
    pub id: SubscriptionId,
    /// What it is called.
    pub name: String,
    /// Who hears.
    pub integration: Named<IntegrationId>,
    /// Ids of events, in full.
    pub events: Vec<String>,
    /// Of these monitors only; `None`: of all.
    pub monitors: Option<Vec<MonitorId>>,
    /// Whether it is used.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// What an operator says about a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionDraft {
    /// What it is called.
    pub name: String,
    /// Who hears.
    pub integration: IntegrationId,
    /// Ids of events, in full or short.
    pub events: Vec<String>,
    /// Of these monitors only; `None`: of all.
    #[serde(default)]
    pub monitors: Option<Vec<MonitorId>>,
    /// Whether it is used.
    pub enabled: bool,
}

/// An incident's page in the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentDetail {
    /// When it was read.
    pub at: Timestamp,
    /// What lists show of it.
    pub row: IncidentRow,
    /// The monitor's name, when it is still there.
    pub monitor_name: Option<String>,
    /// When somebody took it on, and who.
    pub acknowledged: Option<(Timestamp, String)>,
    /// Nobody is told more until then.
    pub snoozed_until: Option<Timestamp>,
    /// Who put it off, silenced its monitor, or took that back, and when; the oldest first.
    pub acts: Vec<(Timestamp, crate::incident::Act)>,
    /// How it ended, when not because the monitor works again.
    pub ended: Option<crate::incident::Ended>,
    /// What was said of it in public, the newest first.
    pub updates: Vec<crate::views::public::IncidentUpdateView>,
    /// What was sent to whom, the newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// What comes next, if nobody takes it on: when, and which level of which definition.
    pub next: Vec<PlannedAlert>,
    /// Why that has to wait.
    pub silence: Option<Silence>,
    /// What the checks saw meanwhile, the oldest first: the first piece is why it was opened.
    pub evidence: Vec<EvidenceItem>,
}

/// Why nobody is told of an open incident for now, whatever is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Silence {
    /// All messages are stopped.
    AllStop,
    /// Its monitor is muted until then.
    Muted(Timestamp),
    /// Something that its monitor hangs on does not work, or has only just come back.
    HangsOn,
}

/// A level or a reminder that is still to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedAlert {
    /// When it is looked at.
    pub at: Timestamp,
    /// The definition; `None` for what is attached to the monitor directly.
    pub definition: Option<Named<DefinitionId>>,
    /// The names of the integrations that would hear of it.
    pub to: Vec<String>,
    /// The level, from 1 on.
    pub level: u32,
    /// Whether it is a reminder.
    pub reminder: bool,
}

/// An incident in the console's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentEntry {
    /// What all lists show of it.
    pub row: IncidentRow,
    /// The monitor's name, when it is still there.
    pub monitor_name: Option<String>,
    /// What tells its monitor apart, when another one of the same name stands on the same page of the list: kind and target.
    pub about: Option<String>,
    /// When somebody took it on, and who.
    pub acknowledged: Option<(Timestamp, String)>,
    /// Nobody is told more until then.
    pub snoozed_until: Option<Timestamp>,
}

/// A page of incidents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentList {
    /// When it was read.
    pub at: Timestamp,
    /// The incidents, the newest first.
    pub rows: Vec<IncidentEntry>,
    /// What they were searched by.
    pub search: String,
    /// How many the search leaves on all pages.
    pub found: i64,
    /// How many are open.
    pub open: i64,
    /// The page, from 1 on.
    pub page: u32,
}

/// Whether people are told: what stands above every page of the console when they are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TellingHealth {
    /// Whether somebody stopped all telling.
    pub all_stop: bool,
    /// Integrations whose messages fail for good, or would: those that are not confirmed.
    pub failing: Vec<Named<IntegrationId>>,
    /// Why the first of them fails, and what to do.
    pub why: Option<String>,
    /// Whether nobody would be told of an outage: no definition or attachment leads anywhere.
    pub nobody: bool,
}
