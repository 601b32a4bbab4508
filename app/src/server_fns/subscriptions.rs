//! Subscriptions of integrations to events.

#![expect(clippy::too_many_arguments, reason = "one for each field of a form")]

use domain::views::console::{IntegrationChoice, ListQuery, Listed, MonitorChoices, Named, SubscriptionRow};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::chosen::{Chosen, look_for},
    super::{id, optional_id},
    crate::context::{Request, Sent, request},
    domain::event_id,
    domain::id::{IntegrationId, MonitorId, SubscriptionId},
    domain::views::console::{MONITORS_SHOWN, Naming, SubscriptionDraft},
    engine::services::ServiceError,
};

/// The id of the form in the page.
pub const FORM: &str = "subscription";
/// The scope of a subscription to every monitor.
pub const ALL: &str = "all";
/// The scope of a subscription to the monitors that are ticked.
pub const THESE: &str = "these";

/// What is said to whoever narrows a subscription, of whose monitors the form shows some, that names none of them any more.
#[cfg(feature = "ssr")]
const CHANGED_MEANWHILE: &str = "Somebody else changed this subscription meanwhile. Open the form again to see how it is now, and repeat your change.";

/// What the form of a subscription starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionForm {
    /// The subscription, with the first monitors that it names; `None` for a new one.
    pub subscription: Option<SubscriptionRow>,
    /// The first monitors that it names, by name.
    pub named: Vec<Named<domain::id::MonitorId>>,
    /// How many it names.
    pub count: usize,
    /// Who may hear.
    pub integrations: Vec<IntegrationChoice>,
    /// Monitors to choose from.
    pub choices: MonitorChoices,
}

/// A page of the list.
#[server(endpoint = "read_subscriptions", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_subscriptions(
    #[server(default)] query: ListQuery,
) -> Result<Listed<SubscriptionRow>, AppError> {
    let request = request()?;
    Ok(request.services.subscription_list(&request.viewer, &query).await?)
}

/// What the form starts from; an empty `subscription` asks for a new one.
#[server(endpoint = "read_subscription", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_subscription(
    #[server(default)] subscription: String,
    #[server(default)] search: String,
) -> Result<SubscriptionForm, AppError> {
    let request = request()?;
    let (services, viewer) = (&request.services, &request.viewer);
    let wanted = optional_id::<SubscriptionId>(&subscription)?;
    let mut subscription = match &wanted {
        Some(wanted) => Some(services.subscription(viewer, wanted).await?),
        None => None,
    };
    let of = wanted.map(Naming::Subscription);
    let mut named = match &of {
        Some(of) => services.monitors_named_by(viewer, of).await?,
        None => Vec::new(),
    };
    let count = named.len();
    named.truncate(MONITORS_SHOWN);
    if let Some(monitors) = subscription.as_mut().and_then(|known| known.monitors.as_mut()) {
        *monitors = named.iter().map(|one| one.id.clone()).collect();
    }
    Ok(SubscriptionForm {
        subscription,
        named,
        count,
        integrations: services.integration_choices(viewer).await?,
        choices: services.monitor_choices(viewer, &search, of.as_ref()).await?,
    })
}

/// Adds a subscription, or changes one, and goes to the list. The form of one that names many monitors shows some of them: those whose ids
/// are in `said`, between commas, are as it says, and the others stay. With `look` nothing is saved: the page comes back with the monitors
/// that `find` leaves.
#[server(endpoint = "save_subscription")]
pub async fn save_subscription(
    #[server(default)] subscription: String,
    #[server(default)] name: String,
    #[server(default)] integration: String,
    #[server(default)] enabled: bool,
    #[server(default)] events: Vec<String>,
    #[server(default)] scope: String,
    #[server(default)] monitors: Vec<String>,
    #[server(default)] said: String,
    #[server(default)] find: String,
    #[server(default)] look: bool,
) -> Result<(), AppError> {
    let request = request()?;
    let of = subscription.parse().ok().map(Naming::Subscription);
    let chosen = Chosen::read(&request, of, &monitors, &said).await?;
    let sent = Sent::form(FORM)
        .with("name", &name)
        .with("integration", &integration)
        .with("enabled", enabled.to_string())
        .with("events", events.join(","))
        .with("scope", &scope);
    let sent = chosen.keep(&request, sent).await;
    if look {
        return look_for(&request, &find, sent);
    }
    if chosen.is_stale && scope == THESE {
        return sent.answer(Err(ServiceError::Conflict(CHANGED_MEANWHILE.to_owned())));
    }
    let saved = match (read_integration(&integration), read_monitors(&scope, &chosen.all)) {
        (Ok(integration), Ok(monitors)) => {
            let draft = SubscriptionDraft { name, integration, events, monitors, enabled };
            save(&request, &subscription, &draft).await
        }
        // Nobody should have to mend one to learn of the other.
        (integration, monitors) => {
            let others = ServiceError::Invalid(event_id::mistakes(&name, &events));
            let chosen = both(integration.err(), monitors.err());
            Err(both(Some(others), Some(chosen)))
        }
    };
    sent.answer_then(saved, |()| "/console/subscriptions".to_owned())
}

/// Removes a subscription.
#[server(endpoint = "delete_subscription")]
pub async fn delete_subscription(subscription: String) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&subscription) {
        Ok(id) => request.services.delete_subscription(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("delete-subscription").answer_then(deleted, |()| "/console/subscriptions".to_owned())
}

#[cfg(feature = "ssr")]
async fn save(request: &Request, subscription: &str, draft: &SubscriptionDraft) -> Result<(), ServiceError> {
    let subscription = optional_id(subscription)?;
    let saved = request.services.save_subscription(&request.viewer, subscription.as_ref(), draft).await;
    saved.map(drop).map_err(super::without_places)
}

#[cfg(feature = "ssr")]
fn read_integration(integration: &str) -> Result<IntegrationId, ServiceError> {
    integration.parse().map_err(|_| ServiceError::invalid("integration", "Please choose who shall hear."))
}

/// The monitors that are meant; `None` for all. Ticks that are left over do not narrow what is said to be for all, and no tick never
/// means all.
#[cfg(feature = "ssr")]
fn read_monitors(scope: &str, ticked: &[MonitorId]) -> Result<Option<Vec<MonitorId>>, ServiceError> {
    match scope {
        ALL => Ok(None),
        THESE if ticked.is_empty() => {
            let message = "Tick at least one monitor, or choose all of them.";
            Err(ServiceError::invalid("monitors", message))
        }
        THESE => Ok(Some(ticked.to_vec())),
        _ => Err(ServiceError::invalid("scope", "Choose all monitors, or only those that you tick.")),
    }
}

/// What is wrong with either, at once.
#[cfg(feature = "ssr")]
fn both(first: Option<ServiceError>, second: Option<ServiceError>) -> ServiceError {
    match (first, second) {
        (Some(ServiceError::Invalid(mut errors)), Some(ServiceError::Invalid(more))) => {
            errors.extend(more);
            ServiceError::Invalid(errors)
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => ServiceError::Invalid(Vec::new()),
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn no_tick_never_means_all() {
        let one = [MonitorId::new([1; 13])];
        assert!(matches!(read_monitors(ALL, &one), Ok(None)));
        let field = |scope: &str, ticked: &[MonitorId]| match read_monitors(scope, ticked) {
            Err(ServiceError::Invalid(errors)) => {
                errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
            }
            other => panic!("not about the input: {other:?}"),
        };
        assert_eq!(field(THESE, &[]), ["monitors"]);
        assert_eq!(field("", &[]), ["scope"]);
        assert!(matches!(read_monitors(THESE, &one), Ok(Some(monitors)) if monitors.len() == 1));
    }
}
