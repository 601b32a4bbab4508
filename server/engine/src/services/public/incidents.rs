//! Incidents as the public sees them: what was said, and names of components.

use std::collections::HashMap;

use domain::days::Day;
use domain::id::{ComponentKey, PageKey};
use domain::incident_words;
use domain::status_page::{ComponentState, worst};
use domain::time::Timestamp;
use domain::views::public::{IncidentView, PastDay};

use super::Board;
use crate::services::Result;
use crate::store::Tx;
use crate::store::components::Component;
use crate::store::views::incidents::{self, PublicIncident};

/// The views of incidents, in their order.
pub(super) async fn views(
    tx: &mut Tx,
    page: PageKey,
    board: &Board,
    found: Vec<PublicIncident>,
) -> Result<Vec<IncidentView>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut touched = incidents::touched(tx, page, &found).await?;
    let mut updates = incidents::updates(tx, &found).await?;
    let components: HashMap<ComponentKey, &Component> =
        board.components.iter().map(|component| (component.key, component)).collect();
    let view = |incident: PublicIncident| {
        let touched: Vec<&Component> = touched
            .remove(&incident.key)
            .unwrap_or_default()
            .iter()
            .filter_map(|key| components.get(key).copied())
            .collect();
        let names: Vec<String> = touched.iter().map(|component| component.fields.name.clone()).collect();
        IncidentView {
            id: incident.id,
            title: incident.title.unwrap_or_else(|| incident_words::title(&names)),
            phase: incident.phase,
            impact: impact(board, &touched, incident.resolved_at.is_none()),
            started_at: incident.started_at,
            resolved_at: incident.resolved_at,
            components: names,
            updates: updates.remove(&incident.key).unwrap_or_default(),
        }
    };
    Ok(found.into_iter().map(view).collect())
}

/// Days up to today with the incidents that began on them, the newest first. The open ones stand elsewhere; something is open from
/// `open_since` on.
pub(super) fn by_day(
    mut days: Vec<Day>,
    incidents: Vec<IncidentView>,
    open_since: Option<Timestamp>,
) -> Vec<PastDay> {
    days.reverse();
    let lasts = |day: &Day| open_since.is_some_and(|first| day.end > first);
    let mut past: Vec<PastDay> = days
        .iter()
        .map(|day| PastDay { date: day.name(), incidents: Vec::new(), ongoing: lasts(day) })
        .collect();
    for incident in incidents {
        if let Some(place) = days.iter().position(|day| day.contains(incident.started_at)) {
            past[place].incidents.push(incident);
        }
    }
    past
}

/// The worst that an incident does to a component. While it is open that is what the components show; once it is over, a
/// component that follows nothing else was out wholly, and any other one in part.
fn impact(board: &Board, touched: &[&Component], open: bool) -> ComponentState {
    worst(touched.iter().map(|component| {
        let shown = board.state(component);
        match board.followed(component.key) {
            _ if open && shown.is_problem() => shown,
            [] | [_] => ComponentState::MajorOutage,
            _ => ComponentState::PartialOutage,
        }
    }))
}
