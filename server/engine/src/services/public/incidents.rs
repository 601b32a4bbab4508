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

/// Past incidents of a day that are shown; the day says how many more it had.
const MOST_OF_A_DAY: usize = 20;
/// Past incidents that are read at once. Where there are more, each day is read by itself.
const MOST_AT_ONCE: i64 = 500;

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
        let is_over = incident.resolved_at.is_some();
        let impact = impact(board, &touched, !is_over);
        IncidentView {
            id: incident.id,
            title: incident.title.unwrap_or_else(|| incident_words::title(&names, impact, is_over)),
            phase: incident.phase,
            impact,
            started_at: incident.started_at,
            resolved_at: incident.resolved_at,
            components: names,
            updates: updates.remove(&incident.key).unwrap_or_default(),
        }
    };
    Ok(found.into_iter().map(view).collect())
}

/// The incidents that began on one of `days`, as many of each as are shown, the newest first; and how many each of the days has.
pub(super) async fn of_days(
    tx: &mut Tx,
    page: PageKey,
    days: &[Day],
    only_over: bool,
) -> Result<(Vec<PublicIncident>, Vec<usize>)> {
    let mut totals = vec![0; days.len()];
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok((Vec::new(), totals)) };
    let all = (first.start, last.end);
    let mut found = incidents::of_page(tx, page, all, only_over, MOST_AT_ONCE).await?;
    if found.len() < usize::try_from(MOST_AT_ONCE).unwrap_or(usize::MAX) {
        found.retain(|incident| {
            let day = days.iter().position(|day| day.contains(incident.started_at));
            day.is_some_and(|day| {
                totals[day] += 1;
                totals[day] <= MOST_OF_A_DAY
            })
        });
        return Ok((found, totals));
    }
    // There are more, and the days before the last that was found would seem to have none.
    found.clear();
    for (day, total) in days.iter().zip(&mut totals).rev() {
        let (times, limit) = ((day.start, day.end), i64::try_from(MOST_OF_A_DAY).unwrap_or(i64::MAX));
        let of_day = incidents::of_page(tx, page, times, only_over, limit).await?;
        *total = match of_day.len() {
            MOST_OF_A_DAY => {
                usize::try_from(incidents::count_of_page(tx, page, times, only_over).await?).unwrap_or(0)
            }
            fewer => fewer,
        };
        found.extend(of_day);
    }
    Ok((found, totals))
}

/// Days up to today with the incidents that began on them, the newest first; each has so many in `totals`. The open ones stand elsewhere;
/// something is open from `open_since` on.
pub(super) fn by_day(
    days: &[Day],
    incidents: Vec<IncidentView>,
    totals: &[usize],
    open_since: Option<Timestamp>,
) -> Vec<PastDay> {
    let lasts = |day: &Day| open_since.is_some_and(|first| day.end > first);
    let mut past: Vec<PastDay> = days
        .iter()
        .zip(totals)
        .map(|(day, total)| PastDay {
            date: day.name(),
            incidents: Vec::new(),
            more: *total,
            ongoing: lasts(day),
        })
        .collect();
    for incident in incidents {
        if let Some(place) = days.iter().position(|day| day.contains(incident.started_at)) {
            past[place].more = past[place].more.saturating_sub(1);
            past[place].incidents.push(incident);
        }
    }
    past.reverse();
    past
}

/// The worst that an incident does to a component. While it is open that is what the components show, and what was set by hand wins
/// there too; once it is over, a component that follows nothing else was out wholly, and any other one in part.
fn impact(board: &Board, touched: &[&Component], open: bool) -> ComponentState {
    worst(touched.iter().map(|component| {
        let shown = board.state(component);
        match board.followed(component.key) {
            _ if open && (shown.is_problem() || component.by_hand.is_some()) => shown,
            [] | [_] => ComponentState::MajorOutage,
            _ => ComponentState::PartialOutage,
        }
    }))
}
