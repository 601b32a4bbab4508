//! The monitors that are ticked in a form. A form of something that names many of them shows a part: it says of which ones it speaks, and the
//! others stay as they are.

#[cfg(feature = "ssr")]
use {
    crate::context::{Request, Sent},
    crate::error::AppError,
    domain::id::MonitorId,
    domain::views::console::{Named, Naming},
    engine::services::ServiceError,
    std::collections::HashSet,
};

/// The value that holds the monitors that were chosen in a form that came back, each with its name: JSON of `Vec<Named<MonitorId>>`.
pub const CHOSEN: &str = "chosen";
/// The value that a form has that comes back and shows a part of the monitors: the ids of those that it takes away, between commas. The
/// others that were named are ticked, beside those in [`CHOSEN`].
pub const REMOVED: &str = "removed";

/// Answers with what was sent and the monitors that a search leaves.
#[cfg(feature = "ssr")]
pub(super) fn look_for(request: &Request, find: &str, sent: Sent) -> Result<(), AppError> {
    if !request.viewer.may_operate() {
        return Err(AppError::Forbidden);
    }
    sent.finding(find).answer(Ok(()))
}

/// The monitors that were ticked, with their names: the page may offer others when it comes back.
#[cfg(feature = "ssr")]
pub(super) async fn ticked(request: &Request, monitors: &[String]) -> String {
    let ids: Vec<MonitorId> = monitors.iter().filter_map(|monitor| monitor.parse().ok()).collect();
    let named = request.services.monitor_names(&request.viewer, &ids).await.unwrap_or_default();
    // One that is gone is told by its id.
    let name = |id: &MonitorId| {
        let known = named.iter().find(|one| one.id == *id);
        known.map_or_else(|| id.to_string(), |one| one.name.clone())
    };
    let all: Vec<_> = ids.into_iter().map(|id| Named { name: name(&id), id }).collect();
    serde_json::to_string(&all).unwrap_or_default()
}

/// What a form says of the monitors that something names.
#[cfg(feature = "ssr")]
pub(super) struct Chosen {
    /// All that are named when the form is saved.
    pub(super) all: Vec<MonitorId>,
    /// Those that are ticked, without those that are named in any case when the form shows a part of them.
    ticked: Vec<String>,
    /// Those that were named and that the form takes away; `None` when the form shows all.
    removed: Option<Vec<MonitorId>>,
    /// Whether the form shows a part of what is not named any more: somebody else was faster, and what it does not show is not known.
    pub(super) is_stale: bool,
}

#[cfg(feature = "ssr")]
impl Chosen {
    /// Reads what a form says: these are ticked, and `said` names those that it shows, between commas; it is empty when the form shows all.
    ///
    /// # Errors
    /// When what `of` names cannot be read: what the form does not show would be lost.
    pub(super) async fn read(
        request: &Request,
        of: Option<Naming>,
        monitors: &[String],
        said: &str,
    ) -> Result<Self, ServiceError> {
        let ticked: Vec<MonitorId> = monitors.iter().filter_map(|monitor| monitor.parse().ok()).collect();
        let whole = Self { all: ticked.clone(), ticked: monitors.to_vec(), removed: None, is_stale: false };
        let (false, Some(of)) = (said.is_empty(), of) else { return Ok(whole) };
        let named = match request.services.monitors_named_by(&request.viewer, &of).await {
            Ok(named) => named.into_iter().map(|one| one.id),
            // To save it is refused with words.
            Err(ServiceError::NotFound) => return Ok(whole),
            Err(error) => return Err(error),
        };
        let named: Vec<MonitorId> = named.collect();
        let is_stale = named.is_empty();
        let said: HashSet<MonitorId> = said.split(',').filter_map(|id| id.parse().ok()).collect();
        let ticked: HashSet<MonitorId> = ticked.into_iter().collect();
        let known: HashSet<&MonitorId> = named.iter().collect();
        let added: Vec<_> = ticked.iter().filter(|id| !known.contains(id)).cloned().collect();
        let (removed, kept): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|id| said.contains(id) && !ticked.contains(id));
        Ok(Self {
            ticked: added.iter().map(ToString::to_string).collect(),
            all: kept.into_iter().chain(added).collect(),
            removed: Some(removed),
            is_stale,
        })
    }

    /// Puts them among what the form holds when it comes back.
    pub(super) async fn keep(&self, request: &Request, sent: Sent) -> Sent {
        let sent = sent.with(CHOSEN, ticked(request, &self.ticked).await);
        match &self.removed {
            Some(removed) => {
                sent.with(REMOVED, removed.iter().map(MonitorId::as_str).collect::<Vec<_>>().join(","))
            }
            None => sent,
        }
    }
}
