//! Whether a claimed message is still to be sent: much may have happened since it was planned.

use domain::alert::AlertKind;
use domain::delivery::DeliveryState;
use domain::integration::IntegrationSettings;
use domain::message::Body;
use domain::time::Timestamp;

use crate::providers;
use crate::store::deliveries::{self, Claimed, Settlement};
use crate::store::integrations::{self, Integration};
use crate::store::{self, Tx, outages};

/// How long a message waits for another one that must leave before it, in milliseconds.
const BEHIND: i64 = 5_000;

/// What is to be done with it.
#[derive(Debug)]
pub(super) enum Plan<'a> {
    /// It is sent.
    Send {
        /// Where to, and how.
        settings: &'a IntegrationSettings,
        /// What the other side called the first message of the incident.
        external_id: Option<String>,
        /// When the integration last did something about the beginning of an outage, for providers that ask.
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

/// Judges a claimed message.
pub(super) async fn judge<'a>(
    tx: &mut Tx,
    claimed: &Claimed,
    integration: Option<&'a Integration>,
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
    let alert = claimed.message.alert().filter(|alert| !alert.test);
    let mut external_id = None;
    if let (Some(alert), Some(incident)) = (alert, claimed.incident) {
        let over = outages::is_over(tx, incident).await?;
        match alert.kind {
            AlertKind::Error => {
                // Held back since it was planned: by quiet hours, or because the program did not run.
                let waited = claimed.attempts == 0 && claimed.deferred;
                if over && waited {
                    return Ok(skip("It was over before it could be told."));
                }
            }
            AlertKind::Reminder if over => return Ok(skip("It is over.")),
            AlertKind::Reminder | AlertKind::Ok => {
                let told = deliveries::told(tx, incident).await?;
                let state = told.iter().find(|(key, _)| *key == claimed.integration).map(|(_, state)| *state);
                // Its beginning is told by a message that gathers, or is tried again.
                if matches!(
                    state,
                    Some(DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Retrying)
                ) {
                    let later = Timestamp(now.0 + BEHIND);
                    return Ok(settle(
                        DeliveryState::Waiting,
                        Some(later),
                        "It waits for an earlier message.",
                    ));
                }
                if state != Some(DeliveryState::Delivered) {
                    return Ok(skip("Its beginning was never told."));
                }
            }
        }
        external_id = deliveries::external_id(tx, incident, claimed.integration).await?;
    } else if let (Body::Acknowledged(_), Some(incident)) = (&claimed.message.body, claimed.incident) {
        let outage = outages::get(tx, incident).await?;
        // Later than the good news it would replace that.
        if outage.is_none_or(|outage| outage.facts.resolved_at.is_some()) {
            return Ok(skip("It is over."));
        }
        external_id = deliveries::external_id(tx, incident, claimed.integration).await?;
    }
    let quiet = integration.quiet.as_ref().and_then(|quiet| quiet.ends(now));
    if let Some(ends) = quiet.filter(|_| claimed.message.alert().is_none_or(|alert| !alert.test)) {
        return Ok(settle(DeliveryState::Waiting, Some(ends), "It waits for the end of the quiet hours."));
    }
    let last_delivered = if providers::of(settings).remembers() {
        deliveries::last_delivered(tx, claimed.integration, claimed.key).await?
    } else {
        None
    };
    Ok(Plan::Send { settings, external_id, last_delivered })
}
