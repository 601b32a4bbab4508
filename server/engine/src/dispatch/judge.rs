//! Whether a claimed message is still to be sent: much may have happened since it was planned.

use domain::alert::AlertKind;
use domain::delivery::DeliveryState;
use domain::id::IntegrationKey;
use domain::integration::IntegrationSettings;
use domain::integration::email::unconfirmed_words;
use domain::message::Body;
use domain::time::{MINUTE, SECOND, Timestamp};

use crate::planner;
use crate::providers;
use crate::store::claiming::{self, Claimed};
use crate::store::deliveries::{self, Settlement};
use crate::store::groups::{self, Pending};
use crate::store::hastening::QUIET;
use crate::store::integrations::{self, Integration};
use crate::store::outages::{self, Open};
use crate::store::{self, Tx};

use super::order;
use super::together::{keep, leave_out_silenced, only_one, said, told_together};

/// How long a message waits for another one that must leave before it, in milliseconds.
const BEHIND: i64 = 5 * SECOND;
/// How long what must not be done twice waits for another node that may be doing it, in milliseconds.
const ELSEWHERE: i64 = 30 * SECOND;
/// What the other side "calls" what it may have done: it counts as done.
const PERHAPS: &str = "interrupted";
/// Why a message is not sent.
pub(super) const TAKEN_ON: &str = "Somebody took care of it before it could be told.";
const SAID: &str = "Another message says the same.";
/// What to do about a key that is not there.
const PUT_BACK: &str =
    "Put that key back, or enter the passwords and tokens of the integration anew; messages wait until then.";
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
        /// What it called those of an escalation, where the provider wants to know.
        further_ids: Vec<String>,
        /// When something was last done about the beginning of an outage to what the integration acts on.
        last_delivered: Option<Timestamp>,
    },
    /// It is not, or not now.
    Settle(Settlement),
}

fn settle(state: DeliveryState, due_at: Option<Timestamp>, why: impl Into<String>) -> Plan<'static> {
    Plan::Settle(Settlement { state, due_at, external_id: None, error: Some(why.into()) })
}

pub(super) fn skip(why: &str) -> Plan<'static> {
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
        // Nothing is lost by a key that is not there yet.
        Err(reason) if reason.lacks_key() => {
            let why = format!("The settings of the integration do not open: {reason}. {PUT_BACK}");
            integrations::set_failing(tx, claimed.integration, Some(&why), now).await?;
            return Ok(settle(DeliveryState::Waiting, Some(Timestamp(now.0 + claiming::LOCKED)), why));
        }
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
    let told = told_together(claimed);
    let plan = if claimed.replayed { None } else { outdated(tx, claimed, acts_on.is_some(), now).await? };
    if let Some(plan) = plan {
        return Ok(plan);
    }
    if let (true, Body::Alert(alert), Some(incident)) =
        (claimed.replayed, &mut claimed.message.body, claimed.incident)
    {
        // It tells of something that may have ended since, and does not go on until now.
        alert.incident.resolved_at = outages::resolved_at(tx, incident).await?;
    }
    if told_together(claimed) != told {
        // The log says what leaves, and so does whoever asks for it once more.
        groups::rewrite(tx, claimed.key, &claimed.message).await?;
    }
    let is_test = claimed.message.alert().is_some_and(|alert| alert.test);
    let quiet = integration.quiet.as_ref().and_then(|quiet| quiet.ends(now));
    if let Some(ends) = quiet.filter(|_| !is_test && !claimed.replayed) {
        let ends = ends.max(Timestamp(now.0 + SECOND));
        return Ok(settle(DeliveryState::Waiting, Some(ends), QUIET));
    }
    // Whoever confirmed their address hears of it, whatever the others do.
    if settings.writes_only_to(&integration.unconfirmed) {
        let why = unconfirmed_words(&integration.unconfirmed);
        integrations::set_failing(tx, claimed.integration, Some(&why), now).await?;
        return Ok(settle(DeliveryState::Failed, None, why));
    }
    if let Some(only) = only_one(tx, claimed).await? {
        groups::release(tx, only, now, now).await?;
        return Ok(skip("Only one was left of it, and is told by a message of its own."));
    }
    if order::is_behind(tx, claimed, integration, now).await? {
        let why = "It waits for an earlier message about the same monitor.";
        return Ok(settle(DeliveryState::Waiting, Some(Timestamp(now.0 + order::SOON)), why));
    }
    let incident = claimed.incident.filter(|_| match &claimed.message.body {
        Body::Alert(alert) => !alert.test,
        Body::Acknowledged(_) => true,
        Body::Group(_) | Body::Event(_) => false,
    });
    let (mut external_id, mut further_ids) = (None, Vec::new());
    if let Some(incident) = incident {
        external_id = deliveries::external_id(tx, incident, claimed.to()).await?;
        if let Some(first) = external_id.as_deref().filter(|_| providers::of(settings).changes_messages()) {
            further_ids = deliveries::further_ids(tx, incident, claimed.to(), first).await?;
        }
    }
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
    let unconfirmed = &integration.unconfirmed;
    Ok(Plan::Send { settings, unconfirmed, external_id, further_ids, last_delivered })
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

/// What is to be done with a message that is not to be sent, or not now, because of what happened since it was planned. One that `acts` does
/// something to a server rather than tell somebody of it.
async fn outdated(
    tx: &mut Tx,
    claimed: &mut Claimed,
    acts: bool,
    now: Timestamp,
) -> store::Result<Option<Plan<'static>>> {
    let is_stale = now.since(claimed.created_at) > STALE;
    match (&mut claimed.message.body, claimed.incident) {
        (Body::Alert(alert), Some(incident)) if !alert.test => match alert.kind {
            AlertKind::Error => {
                // Once it was tried, the other side may know of it, whatever the answer was. Those who were left over do not.
                let is_rest = !claimed.message.only.is_empty();
                // Whoever restarts a server must not do it to one that works again, however often it was tried.
                if !acts && !is_rest && (claimed.attempts > 0 || !is_stale) {
                    return Ok(None);
                }
                Ok(match outages::open(tx, incident).await? {
                    None => Some(skip("It was over before it could be told.")),
                    Some(open) if open.acknowledged => Some(skip(TAKEN_ON)),
                    Some(open) => silenced(tx, &open, now).await?.map(held_back),
                })
            }
            AlertKind::Reminder => {
                match outages::open(tx, incident).await? {
                    None => return Ok(Some(skip("It is over."))),
                    Some(open) if open.acknowledged => return Ok(Some(skip("Somebody takes care of it."))),
                    Some(open) => {
                        if let Some(until) = silenced(tx, &open, now).await? {
                            return Ok(Some(held_back(until)));
                        }
                    }
                }
                // After a night of quiet hours one is enough.
                let planned = claimed.created_at;
                if deliveries::is_superseded(tx, incident, claimed.to(), planned).await? {
                    return Ok(Some(skip(SAID)));
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
                if members.iter().any(|member| member.pending != Pending::Nothing) {
                    return Ok(Some(behind(now)));
                }
                // Later than the news of the next outage it would say that this one is over, too.
                let why = "The monitor has failed again since, and that was told.";
                let plan = keep(tx, group, &members, |member| !member.again, why, now).await?;
                if plan.is_some() {
                    return Ok(plan);
                }
                let members: Vec<_> = members.into_iter().filter(|member| !member.again).collect();
                keep(tx, group, &members, |member| member.told, "Its beginning was never told.", now).await
            } else if is_stale || group.still {
                let why = "It was over before it could be told.";
                let plan = keep(tx, group, &members, |member| !member.over, why, now).await?;
                if plan.is_some() {
                    return Ok(plan);
                }
                let mut members: Vec<_> = members.into_iter().filter(|member| !member.over).collect();
                if group.still {
                    let said = said(tx, claimed.integration, &members).await?;
                    let plan =
                        keep(tx, group, &members, |member| !said.contains(&member.key), SAID, now).await?;
                    if plan.is_some() {
                        return Ok(plan);
                    }
                    members.retain(|member| !said.contains(&member.key));
                }
                leave_out_silenced(tx, group, &members, now).await
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
    let to = claimed.to();
    Ok(told.iter().find(|told| (told.integration, told.address.as_str()) == to).map(|told| told.state))
}

fn is_pending(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Retrying)
}

fn behind(now: Timestamp) -> Plan<'static> {
    settle(DeliveryState::Waiting, Some(Timestamp(now.0 + BEHIND)), "It waits for an earlier message.")
}

/// Until when nobody is to be told of an open outage: it was snoozed or muted since the message was planned, or hangs on something that
/// failed.
pub(super) async fn silenced(tx: &mut Tx, open: &Open, now: Timestamp) -> store::Result<Option<Timestamp>> {
    if let Some(until) = open.snoozed_until.filter(|until| *until > now) {
        return Ok(Some(until));
    }
    let held = planner::is_held_back(tx, open, now).await?;
    Ok(held.then(|| Timestamp(now.0 + planner::HELD_BACK)))
}

fn held_back(until: Timestamp) -> Plan<'static> {
    settle(
        DeliveryState::Waiting,
        Some(until),
        "It is snoozed, muted, or held back by something else that fails.",
    )
}
