//! Subscriptions of integrations to events.

use domain::views::console::{IntegrationChoice, MonitorChoices, Named, SubscriptionRow};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::{id, optional_id},
    crate::context::{Request, Sent, request},
    domain::views::console::SubscriptionDraft,
    engine::services::ServiceError,
};

/// The id of the form in the page.
pub const FORM: &str = "subscription";

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

/// Every subscription.
#[server(endpoint = "read_subscriptions", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_subscriptions() -> Result<Vec<SubscriptionRow>, AppError> {
    let request = request()?;
    Ok(request.services.subscriptions(&request.viewer).await?)
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
        Some(wanted) => {
            let all = services.subscriptions(viewer).await?;
            Some(all.into_iter().find(|known| known.id == wanted).ok_or(AppError::NotFound)?)
        }
        None => None,
    };
    let ids = subscription.as_ref().and_then(|known| known.monitors.clone()).unwrap_or_default();
    Ok(SubscriptionForm {
        named: services.monitor_names(viewer, &ids).await?,
        subscription,
        integrations: services.integration_choices(viewer).await?,
        choices: services.monitor_choices(viewer, &search).await?,
    })
}

/// Adds a subscription, or changes one, and goes to the list.
#[server(endpoint = "save_subscription")]
pub async fn save_subscription(
    #[server(default)] subscription: String,
    #[server(default)] name: String,
    #[server(default)] integration: String,
    #[server(default)] enabled: bool,
    #[server(default)] events: Vec<String>,
    #[server(default)] monitors: Vec<String>,
) -> Result<(), AppError> {
    let request = request()?;
    let sent = Sent::form(FORM)
        .with("name", &name)
        .with("integration", &integration)
        .with("enabled", enabled.to_string())
        .with("events", events.join(","))
        .with(super::alerts::CHOSEN, monitors.join(","));
    let saved = save(&request, &subscription, name, &integration, enabled, events, &monitors).await;
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
async fn save(
    request: &Request,
    subscription: &str,
    name: String,
    integration: &str,
    enabled: bool,
    events: Vec<String>,
    monitors: &[String],
) -> Result<(), ServiceError> {
    let integration = integration
        .parse()
        .map_err(|_| ServiceError::invalid("integration", "Please choose who shall hear."))?;
    let monitors = monitors.iter().map(|monitor| id(monitor)).collect::<Result<Vec<_>, _>>()?;
    let monitors = (!monitors.is_empty()).then_some(monitors);
    let draft = SubscriptionDraft { name, integration, events, monitors, enabled };
    let subscription = optional_id(subscription)?;
    request.services.save_subscription(&request.viewer, subscription.as_ref(), &draft).await.map(drop)
}
