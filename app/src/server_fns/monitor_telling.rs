//! Who hears of one monitor, what it hangs on, and its silence.

use domain::id::{DefinitionId, IntegrationId, MonitorId};
use domain::time::Timestamp;
use domain::views::console::{IntegrationRow, MonitorChoices, Named};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::chosen::{Chosen, look_for},
    super::id,
    crate::context::{Sent, request},
    domain::time::{DAY, HOUR},
    domain::views::console::{MONITORS_SHOWN, Naming},
    engine::services::ServiceError,
};

/// The id of the form of what a monitor hangs on.
pub const PARENTS: &str = "parents";

/// Who hears of a monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorTelling {
    /// Which.
    pub monitor: MonitorId,
    /// Alert definitions that are for it.
    pub definitions: Vec<Named<DefinitionId>>,
    /// Integrations that are attached to it directly.
    pub attached: Vec<IntegrationRow>,
    /// Why nobody hears of it all the same, or at all.
    pub unheard: Option<Unheard>,
    /// Integrations that might be.
    pub others: Vec<Named<IntegrationId>>,
    /// Until when its alerts are silenced.
    pub muted_until: Option<Timestamp>,
    /// The first monitors that it hangs on, by name.
    pub parents: Vec<Named<MonitorId>>,
    /// On how many it hangs.
    pub hangs_on: usize,
    /// Monitors to choose from.
    pub choices: MonitorChoices,
}

/// Why nobody hears of a monitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unheard {
    /// There is no integration at all.
    NoIntegration,
    /// Nothing leads from it to an integration.
    NoWay,
    /// The integrations that it leads to are switched off, or wait for their addresses to be confirmed.
    Resting(Vec<Named<IntegrationId>>),
}

/// For how long alerts are silenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// An hour.
    Hour,
    /// Four hours.
    FourHours,
    /// A day.
    Day,
    /// A week.
    Week,
    /// Not any more.
    End,
}

/// Who hears of a monitor.
#[server(endpoint = "read_monitor_telling", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_monitor_telling(
    monitor: String,
    #[server(default)] search: String,
) -> Result<MonitorTelling, AppError> {
    let request = request()?;
    let (services, viewer) = (&request.services, &request.viewer);
    let monitor: MonitorId = id(&monitor)?;
    let attached = services.attached(viewer, &monitor).await?;
    let is_attached = |one: &IntegrationRow| attached.iter().any(|known| known.id == one.id);
    let integrations = services.integrations(viewer).await?;
    let others = integrations.iter().filter(|one| !is_attached(one));
    let others = others.map(|one| Named { id: one.id.clone(), name: one.name.clone() }).collect();
    let holding = services.definitions_of(viewer, &monitor).await?;
    let unheard = unheard(&holding, &attached, &integrations);
    let definitions = holding.into_iter().map(|(named, _)| named).collect();
    let (muted_until, mut parents) = services.quiet_of(viewer, &monitor).await?;
    let hangs_on = parents.len();
    parents.truncate(MONITORS_SHOWN);
    let of = Naming::Monitor(monitor.clone());
    let choices = services.monitor_choices(viewer, &search, Some(&of)).await?;
    Ok(MonitorTelling {
        monitor,
        definitions,
        attached,
        unheard,
        others,
        muted_until,
        parents,
        hangs_on,
        choices,
    })
}

/// Why nobody hears of a monitor that these definitions are for, and that these integrations are attached to; `None` when somebody does.
#[cfg(feature = "ssr")]
fn unheard(
    definitions: &[(Named<DefinitionId>, Vec<IntegrationId>)],
    attached: &[IntegrationRow],
    all: &[IntegrationRow],
) -> Option<Unheard> {
    let targets: Vec<_> = definitions.iter().flat_map(|(_, told)| told).collect();
    let leads =
        |one: &&IntegrationRow| targets.contains(&&one.id) || attached.iter().any(|known| known.id == one.id);
    let told: Vec<_> = all.iter().filter(leads).collect();
    if told.iter().any(|one| one.enabled && !one.unverified) {
        return None;
    }
    if !told.is_empty() {
        let name = |one: &IntegrationRow| Named { id: one.id.clone(), name: one.name.clone() };
        return Some(Unheard::Resting(told.into_iter().map(name).collect()));
    }
    Some(if all.is_empty() { Unheard::NoIntegration } else { Unheard::NoWay })
}

/// Attaches an integration: it hears of this monitor at once, whatever the alert definitions say.
#[server(endpoint = "attach")]
pub async fn attach(monitor: String, #[server(default)] integration: String) -> Result<(), AppError> {
    let request = request()?;
    let ids = id::<MonitorId>(&monitor).and_then(|monitor| {
        let missing = || ServiceError::invalid("integration", "Please choose an integration.");
        Ok((monitor, integration.parse::<IntegrationId>().map_err(|_| missing())?))
    });
    let attached = match ids {
        Ok((monitor, integration)) => {
            request.services.attach(&request.viewer, &monitor, &integration).await.map(drop)
        }
        Err(error) => Err(error),
    };
    Sent::form("attach").answer(attached)
}

/// Detaches an integration.
#[server(endpoint = "detach")]
pub async fn detach(monitor: String, integration: String) -> Result<(), AppError> {
    let request = request()?;
    let ids = id(&monitor).and_then(|monitor| Ok((monitor, id(&integration)?)));
    let detached = match ids {
        Ok((monitor, integration)) => request.services.detach(&request.viewer, &monitor, &integration).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("detach-{integration}")).answer(detached)
}

/// Silences the alerts of a monitor for a while, or lets them sound again.
#[server(endpoint = "mute")]
pub async fn mute(monitor: String, how: Silence) -> Result<(), AppError> {
    let request = request()?;
    let until = match how {
        Silence::Hour => Some(HOUR),
        Silence::FourHours => Some(4 * HOUR),
        Silence::Day => Some(DAY),
        Silence::Week => Some(7 * DAY),
        Silence::End => None,
    };
    let until = until.map(|length| Timestamp(request.services.now().0 + length));
    let muted = match id(&monitor) {
        Ok(id) => request.services.mute(&request.viewer, &id, until).await,
        Err(error) => Err(error),
    };
    Sent::form("mute").answer(muted)
}

/// Says what a monitor hangs on: while that is down, no new alert of this one leaves. The form of one that hangs on many shows some of
/// them: those whose ids are in `said`, between commas, are as it says, and the others stay. With `look` nothing is saved: the page comes
/// back with the monitors that `find` leaves.
#[server(endpoint = "set_parents")]
pub async fn set_parents(
    monitor: String,
    #[server(default)] monitors: Vec<String>,
    #[server(default)] said: String,
    #[server(default)] find: String,
    #[server(default)] look: bool,
) -> Result<(), AppError> {
    let request = request()?;
    let of = monitor.parse().ok().map(Naming::Monitor);
    let chosen = Chosen::read(&request, of, &monitors, &said).await?;
    let form = Sent::form(PARENTS);
    if look {
        return look_for(&request, &find, chosen.keep(&request, form).await);
    }
    let set = match id(&monitor) {
        Ok(monitor) => request.services.set_parents(&request.viewer, &monitor, &chosen.all).await,
        Err(error) => Err(error),
    };
    let form = if set.is_ok() { form } else { chosen.keep(&request, form).await };
    form.answer(set)
}
