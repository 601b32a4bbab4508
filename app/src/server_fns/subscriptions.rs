//! Subscriptions of integrations to events.

#![expect(clippy::too_many_arguments, reason = "one for each field of a form")]

use domain::views::console::{IntegrationChoice, ListQuery, Listed, MonitorChoices, Named, SubscriptionRow};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::{id, optional_id},
    crate::context::{Request, Sent, request},
    domain::id::{IntegrationId, MonitorId},
    domain::views::console::SubscriptionDraft,
    engine::services::ServiceError,
};

/// The id of the form in the page.
pub const FORM: &str = "subscription";
/// The scope of a subscription to every monitor.
pub const ALL: &str = "all";
/// The scope of a subscription to the monitors that are ticked.
pub const THESE: &str = "these";

/// What the form of a subscription starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionForm {
    /// The subscription; `None` for a new one.
    pub subscription: Option<SubscriptionRow>,
    /// The monitors that it names.
    pub named: Vec<Named<domain::id::MonitorId>>,
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
    let wanted = optional_id::<domain::id::SubscriptionId>(&subscription)?;
    let subscription = match wanted {
        Some(wanted) => Some(services.subscription(viewer, &wanted).await?),
        None => None,
    };
    let ids = subscription.as_ref().and_then(|known| known.monitors.clone()).unwrap_or_default();
    Ok(SubscriptionForm {
        named: services.monitor_names(viewer, &ids).await?,
        subscription,
        integrations: services.integration_choices(viewer).await?,
        choices: services.monitor_choices(viewer, &search, None).await?,
    })
}

/// Adds a subscription, or changes one, and goes to the list. With `look` nothing is saved: the page comes back with the monitors that
/// `find` leaves.
#[server(endpoint = "save_subscription")]
pub async fn save_subscription(
    #[server(default)] subscription: String,
    #[server(default)] name: String,
    #[server(default)] integration: String,
    #[server(default)] enabled: bool,
    #[server(default)] events: Vec<String>,
    #[server(default)] scope: String,
    #[server(default)] monitors: Vec<String>,
    #[server(default)] find: String,
    #[server(default)] look: bool,
) -> Result<(), AppError> {
    let request = request()?;
    let sent = Sent::form(FORM)
        .with("name", &name)
        .with("integration", &integration)
        .with("enabled", enabled.to_string())
        .with("events", events.join(","))
        .with("scope", &scope)
        .with(super::alerts::CHOSEN, super::alerts::ticked(&request, &monitors).await);
    if look {
        return super::alerts::look_for(&request, &find, sent);
    }
    let saved = match (read_integration(&integration), read_monitors(&scope, &monitors)) {
        (Ok(integration), Ok(monitors)) => {
            let draft = SubscriptionDraft { name, integration, events, monitors, enabled };
            save(&request, &subscription, &draft).await
        }
        (integration, monitors) => Err(both(integration.err(), monitors.err())),
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
fn read_monitors(scope: &str, ticked: &[String]) -> Result<Option<Vec<MonitorId>>, ServiceError> {
    match scope {
        ALL => Ok(None),
        THESE if ticked.is_empty() => {
            let message = "Tick at least one monitor, or choose all of them.";
            Err(ServiceError::invalid("monitors", message))
        }
        THESE => ticked.iter().map(|monitor| id(monitor)).collect::<Result<_, _>>().map(Some),
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
        assert!(matches!(read_monitors(ALL, &["NM00000000000000000000".to_owned()]), Ok(None)));
        let field = |scope: &str, ticked: &[String]| match read_monitors(scope, ticked) {
            Err(ServiceError::Invalid(errors)) => {
                errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
            }
            other => panic!("not about the input: {other:?}"),
        };
        assert_eq!(field(THESE, &[]), ["monitors"]);
        assert_eq!(field("", &[]), ["scope"]);
        let one = ["NM00000000000000000000".to_owned()];
        assert!(matches!(read_monitors(THESE, &one), Ok(Some(monitors)) if monitors.len() == 1));
    }
}
