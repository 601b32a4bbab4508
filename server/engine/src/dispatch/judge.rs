//! Whether a claimed message is still to be sent: much may have happened since it was planned.

use domain::alert::AlertKind;
use domain::delivery::DeliveryState;
use domain::id::IntegrationKey;
use domain::integration::IntegrationSettings;
use domain::integration::email::unconfirmed_words;
use domain::message::{Body, Group};
use domain::time::{MINUTE, SECOND, Timestamp};

use crate::providers;
use crate::store::claiming::Claimed;
use crate::store::deliveries::{self, Settlement};
use crate::store::groups::{self, Member};
use crate::store::integrations::{self, Integration};
use crate::store::{self, Tx, outages};

/// How long a message waits for another one that must leave before it, in milliseconds.
const BEHIND: i64 = 5 * SECOND;
/// How long what must not be done twice waits for another node that may be doing it, in milliseconds.
const ELSEWHERE: i64 = 30 * SECOND;
/// What the other side "calls" what it may have done: it counts as done.
const PERHAPS: &str = "interrupted";
/// How old a message is that was held back: by quiet hours or All-Stop, by failures, or because the program did not run.
const STALE: i64 = MINUTE;

/// What is to be done with it.
#[derive(Debug)]
pub(super) enum Plan<'a> {
    /// It is sent.
    Send {
        /// Where to, and how.
        settings: &'a IntegrationSettings,
        /// Those of its addresses that get nothing, because nobody confirmed them.
        unconfirmed: &'a [String],
        /// What the other side called the first message of the incident.
        external_id: Option<String>,
        /// When something was last done about the beginning of an outage to what the integration acts on.
        last_delivered: Option<Timestamp>,
    },
    /// It is not, or not now.
    Settle(Settlement),
}

fn settle(state: DeliveryState, due_at: Option<Timestamp>, why: impl Into<String>) -> Plan<'static> {
    Plan::Settle(Settlement { state, due_at, external_id: None, error: Some(why.into()) })
}

fn skip(why: &str) -> Plan<'static> {
    settle(DeliveryState::Skipped, None, why)
}

/// Judges a claimed message; takes out of one that tells many outages what is not to be told any more.
pub(super) async fn judge<'a>(
    tx: &mut Tx,
    claimed: &mut Claimed,
    integration: Option<&'a Integration>,
    node: &str,
    now: Timestamp,
) -> store::Result<Plan<'a>> {
    let Some(integration) = integration else {
        return Ok(skip("The integration is gone."));
    };
    if !integration.enabled {
        return Ok(skip("The integration is switched off."));
    }
    let settings = match &integration.settings {
        Ok(settings) => settings,
        Err(reason) => {
            let why = format!("The settings of the integration cannot be read: {reason}");
            integrations::set_failing(tx, claimed.integration, Some(&why), now).await?;
            return Ok(settle(DeliveryState::Failed, None, why));
        }
    };
    let acts_on = providers::of(settings).acts_on().filter(|_| is_beginning(claimed));
    if acts_on.is_some() && claimed.interrupted {
        let why = "The program ended while this was under way, so nobody knows whether it was done; it is not done again.";
        return Ok(Plan::Settle(Settlement {
            state: DeliveryState::Delivered,
            due_at: None,
            external_id: Some(PERHAPS.to_owned()),
            error: Some(why.to_owned()),
        }));
    }
    // Whoever asks for a message once more has seen what became of it.
    let plan = if claimed.replayed { None } else { outdated(tx, claimed, now).await? };
    if let Some(plan) = plan {
        return Ok(plan);
    }
    let is_test = claimed.message.alert().is_some_and(|alert| alert.test);
    let quiet = integration.quiet.as_ref().and_then(|quiet| quiet.ends(now));
    if let Some(ends) = quiet.filter(|_| !is_test && !claimed.replayed) {
        let ends = ends.max(Timestamp(now.0 + SECOND));
        return Ok(settle(DeliveryState::Waiting, Some(ends), "It waits for the end of the quiet hours."));
    }
    // Whoever confirmed their address hears of it, whatever the others do.
    if settings.writes_only_to(&integration.unconfirmed) {
        let why = unconfirmed_words(&integration.unconfirmed);
        integrations::set_failing(tx, claimed.integration, Some(&why), now).await?;
        return Ok(settle(DeliveryState::Failed, None, why));
    }
    let external_id = match (&claimed.message.body, claimed.incident) {
        (Body::Alert(alert), Some(incident)) if !alert.test => {
            deliveries::external_id(tx, incident, claimed.integration).await?
        }
        (Body::Acknowledged(_), Some(incident)) => {
            deliveries::external_id(tx, incident, claimed.integration).await?
        }
        _ => None,
    };
    let mut last_delivered = None;
    if let Some(object) = acts_on {
        let group = acting_on(tx, integration, &object).await?;
        // Two nodes that claimed such messages at the same time see each other's only one after the other. The first of the group
        // stands for all of it: whoever locked several could wait for somebody who waits for them.
        if let Some(first) = group.first() {
            integrations::lock(tx, *first).await?;
        }
        for key in group {
            if deliveries::is_begun_elsewhere(tx, key, claimed.key, node).await? {
                let why = "It waits for another one that is under way elsewhere.";
                return Ok(settle(DeliveryState::Waiting, Some(Timestamp(now.0 + ELSEWHERE)), why));
            }
            last_delivered = last_delivered.max(deliveries::last_delivered(tx, key, claimed.key).await?);
        }
    }
    Ok(Plan::Send { settings, unconfirmed: &integration.unconfirmed, external_id, last_delivered })
}

/// The integrations that act on the same as one of them, in the order of their keys.
async fn acting_on(tx: &mut Tx, one: &Integration, object: &str) -> store::Result<Vec<IntegrationKey>> {
    let all = integrations::of_kind(tx, one.kind).await?;
    let acts = |other: &Integration| {
        let settings = other.settings.as_ref().ok();
        settings.and_then(|settings| providers::of(settings).acts_on()).is_some_and(|its| its == object)
    };
    Ok(all.iter().filter(|other| other.key == one.key || acts(other)).map(|other| other.key).collect())
}

/// Whether a message tells that an outage begins.
fn is_beginning(claimed: &Claimed) -> bool {
    let alert = claimed.message.alert();
    alert.is_some_and(|alert| !alert.test && alert.kind == AlertKind::Error)
}

/// What is to be done with a message that is not to be sent, or not now, because of what happened since it was planned.
async fn outdated(
    tx: &mut Tx,
    claimed: &mut Claimed,
    now: Timestamp,
) -> store::Result<Option<Plan<'static>>> {
    let is_stale = now.since(claimed.created_at) > STALE;
    match (&mut claimed.message.body, claimed.incident) {
        (Body::Alert(alert), Some(incident)) if !alert.test => match alert.kind {
            AlertKind::Error => {
                // Once it was tried, the other side may know of it, whatever the answer was.
                if claimed.attempts > 0 || !is_stale {
                    return Ok(None);
                }
                Ok(match outages::open(tx, incident).await? {
                    None => Some(skip("It was over before it could be told.")),
                    Some(open) if open.acknowledged => {
                        Some(skip("Somebody took care of it before it could be told."))
                    }
                    Some(_) => None,
                })
            }
            AlertKind::Reminder => {
                match outages::open(tx, incident).await? {
                    None => return Ok(Some(skip("It is over."))),
                    Some(open) if open.acknowledged => return Ok(Some(skip("Somebody takes care of it."))),
                    Some(_) => {}
                }
                // After a night of quiet hours one is enough.
                let planned = claimed.created_at;
                if deliveries::is_superseded(tx, incident, claimed.integration, planned).await? {
                    return Ok(Some(skip("Another message says the same.")));
                }
                // One whose beginning nobody could be told is the first that they hear of it.
                let state = told(tx, claimed, incident).await?;
                Ok(state.filter(|state| is_pending(*state)).map(|_| behind(now)))
            }
            AlertKind::Ok => Ok(match told(tx, claimed, incident).await? {
                Some(DeliveryState::Delivered) => None,
                // Its beginning is told by a message that gathers, or is tried again.
                Some(state) if is_pending(state) => Some(behind(now)),
                Some(_) | None => Some(skip("Its beginning was never told.")),
            }),
        },
        (Body::Acknowledged(_), Some(incident)) => {
            // Later than the good news it would replace that.
            if outages::is_over(tx, incident).await? {
                return Ok(Some(skip("It is over.")));
            }
            // Whoever did not hear of an outage need not hear who takes care of it.
            Ok(match told(tx, claimed, incident).await? {
                Some(DeliveryState::Delivered) => None,
                Some(state) if is_pending(state) => Some(behind(now)),
                Some(_) | None => Some(skip("Its beginning was never told.")),
            })
        }
        (Body::Group(group), _) => {
            let members = groups::members(tx, claimed.key).await?;
            if group.is_over() {
                if members.iter().any(|member| member.pending) {
                    return Ok(Some(behind(now)));
                }
                keep(tx, group, &members, |member| member.told, "Its beginning was never told.", now).await
            } else if is_stale {
                keep(tx, group, &members, |member| !member.over, "It was over before it could be told.", now)
                    .await
            } else {
                Ok(None)
            }
        }
        _ => Ok(None),
    }
}

/// How far the beginning of an incident has come to whom a message is for; a reminder that is asked about itself does not count.
async fn told(
    tx: &mut Tx,
    claimed: &Claimed,
    incident: domain::id::IncidentKey,
) -> store::Result<Option<DeliveryState>> {
    let told = deliveries::told(tx, incident, claimed.key).await?;
    Ok(told.iter().find(|(key, _)| *key == claimed.integration).map(|(_, state)| *state))
}

fn is_pending(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Retrying)
}

fn behind(now: Timestamp) -> Plan<'static> {
    settle(DeliveryState::Waiting, Some(Timestamp(now.0 + BEHIND)), "It waits for an earlier message.")
}

/// Leaves in a message about many outages only what is still to be told.
async fn keep(
    tx: &mut Tx,
    group: &mut Group,
    members: &[Member],
    wanted: impl Fn(&Member) -> bool,
    why: &str,
    now: Timestamp,
) -> store::Result<Option<Plan<'static>>> {
    let (kept, dropped): (Vec<_>, Vec<_>) = members.iter().partition(|member| wanted(member));
    if dropped.is_empty() {
        return Ok(None);
    }
    for member in &dropped {
        groups::drop(tx, member.key, why, now).await?;
    }
    if kept.is_empty() {
        return Ok(Some(skip(why)));
    }
    group.keep(kept.len(), |incident| kept.iter().any(|member| member.incident == incident.id));
    Ok(None)
}
