//! What happened in an incident, in one order: what began, who was told and what became of it, who took it on or put it off, and the end.

use domain::delivery::DeliveryState;
use domain::id::DeliveryId;
use domain::incident::{Act, Deed};
use domain::time::Timestamp;
use domain::views::console::{DeliveryRow, IncidentDetail};

use crate::components::telling::{state, words};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Happening {
    /// When.
    pub at: Timestamp,
    /// The colour.
    pub tone: &'static str,
    /// The icon.
    pub icon: &'static str,
    /// What, in short.
    pub what: String,
    /// More, where there is more.
    pub more: String,
    /// Until when it holds, if it does for a while.
    pub until: Option<Timestamp>,
    /// The message behind it.
    pub delivery: Option<DeliveryId>,
}

/// Everything that happened, the newest first.
pub(super) fn story(view: &IncidentDetail) -> Vec<Happening> {
    let plain = |at, tone, icon, what: &str, more: String| Happening {
        at,
        tone,
        icon,
        what: what.to_owned(),
        more,
        until: None,
        delivery: None,
    };
    let row = &view.row;
    let mut all =
        vec![plain(row.started_at, "down", "st-major", "It began", row.reason.clone().unwrap_or_default())];
    all.extend(view.deliveries.iter().map(told));
    all.extend(view.acts.iter().map(|(at, act)| {
        let (icon, what) = done(act, *at < row.started_at);
        Happening { until: act.deed.until(), ..plain(*at, "unknown", icon, &what, String::new()) }
    }));
    if let Some((at, who)) = &view.acknowledged {
        all.push(plain(*at, "degraded", "hand", &format!("{who} took it on"), String::new()));
    }
    if let Some(at) = row.resolved_at {
        let said = view.updates.first().map(|update| update.body.clone()).unwrap_or_default();
        all.push(match &view.ended {
            None => plain(at, "up", "st-operational", "It is over", said),
            Some(ended) => plain(at, "unknown", "info", &capitalised(&ended.words()), said),
        });
    }
    // Stable: of two at the same time the later one in this list came later.
    all.sort_by_key(|happening| happening.at);
    all.reverse();
    all
}

/// The icon of a deed, and what was done, perhaps before it began.
fn done(act: &Act, before: bool) -> (&'static str, String) {
    let by = &act.by;
    match act.deed {
        Deed::Muted { .. } if before => ("alarm-clock", format!("{by} had muted the monitor already")),
        Deed::Snoozed { .. } => ("alarm-clock", format!("{by} snoozed it")),
        Deed::SnoozeEnded => ("bell", format!("{by} ended the snooze")),
        Deed::Muted { .. } => ("alarm-clock", format!("{by} muted the monitor")),
        Deed::MuteEnded => ("bell", format!("{by} unmuted the monitor")),
    }
}

fn capitalised(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn told(row: &DeliveryRow) -> Happening {
    let (tone, icon) = state::style(row.fate());
    let to = &row.integration.name;
    let kind = words::kind(&row.kind);
    let what = match row.fate() {
        DeliveryState::Delivered => format!("{kind} told to {to}"),
        DeliveryState::Grouped => format!("{kind} told to {to} together with others"),
        DeliveryState::Failed => format!("{kind} did not reach {to}"),
        DeliveryState::Retrying => format!("{kind} has not reached {to} yet"),
        DeliveryState::Waiting | DeliveryState::Sending => format!("{kind} on its way to {to}"),
        DeliveryState::Skipped => format!("{kind} not sent to {to}"),
    };
    Happening {
        at: row.at,
        tone,
        icon,
        what,
        more: row.error.as_deref().map(crate::words::sentence).unwrap_or_default(),
        until: None,
        delivery: Some(row.id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::{IncidentId, IntegrationId};
    use domain::incident::IncidentPhase;
    use domain::integration::ProviderKind;
    use domain::views::console::{IncidentRow, Named};

    use super::*;

    fn delivery(at: i64, kind: &str, state: DeliveryState) -> DeliveryRow {
        DeliveryRow {
            id: DeliveryId::new([1; 13]),
            at: Timestamp(at),
            kind: kind.to_owned(),
            state,
            together: None,
            headline: String::new(),
            integration: Named { id: IntegrationId::new([2; 13]), name: "Ops".to_owned() },
            provider: ProviderKind::Webhook,
            incident: None,
            attempts: 1,
            due_at: None,
            error: None,
            sent_in_vain: false,
            external_id: None,
            updated_at: Timestamp(at),
        }
    }

    #[test]
    fn what_is_told_together_with_others_came_as_far_as_the_message_that_tells_it() {
        let what =
            |together| told(&DeliveryRow { together, ..delivery(20, "error", DeliveryState::Grouped) });
        let good = what(Some(DeliveryState::Delivered));
        assert_eq!((good.what.as_str(), good.tone), ("Outage told to Ops together with others", "up"));
        let waiting = what(Some(DeliveryState::Waiting));
        assert_eq!((waiting.what.as_str(), waiting.tone), ("Outage on its way to Ops", "unknown"));
        let failed = what(Some(DeliveryState::Failed));
        assert_eq!((failed.what.as_str(), failed.tone), ("Outage did not reach Ops", "down"));
    }

    fn act(deed: Deed) -> Act {
        Act { deed, by: "Ada".to_owned() }
    }

    #[test]
    fn everything_stands_in_one_order_with_the_newest_on_top() {
        let view = IncidentDetail {
            at: Timestamp(100),
            row: IncidentRow {
                id: IncidentId::new([3; 13]),
                title: "Shop is down".to_owned(),
                phase: IncidentPhase::Resolved,
                started_at: Timestamp(10),
                resolved_at: Some(Timestamp(50)),
                monitor: None,
                reason: Some("refused".to_owned()),
            },
            monitor_name: None,
            acknowledged: Some((Timestamp(30), "Ada".to_owned())),
            snoozed_until: None,
            acts: vec![
                (Timestamp(5), act(Deed::Muted { until: Timestamp(15) })),
                (Timestamp(25), act(Deed::Snoozed { until: Timestamp(90) })),
                (Timestamp(28), act(Deed::SnoozeEnded)),
            ],
            ended: None,
            updates: Vec::new(),
            deliveries: vec![
                delivery(51, "ok", DeliveryState::Waiting),
                delivery(20, "error", DeliveryState::Delivered),
            ],
            next: Vec::new(),
            silence: None,
            evidence: Vec::new(),
        };
        let told: Vec<_> = story(&view).into_iter().map(|happening| happening.what).collect();
        assert_eq!(
            told,
            [
                "Recovery on its way to Ops",
                "It is over",
                "Ada took it on",
                "Ada ended the snooze",
                "Ada snoozed it",
                "Outage told to Ops",
                "It began",
                "Ada had muted the monitor already"
            ]
        );
        let untils: Vec<_> = story(&view).into_iter().filter_map(|happening| happening.until).collect();
        assert_eq!(untils, [Timestamp(90), Timestamp(15)]);
        let ended = domain::incident::Ended { how: domain::incident::Ending::Closed, by: "Ada".to_owned() };
        let closed = story(&IncidentDetail { ended: Some(ended), ..view });
        assert_eq!(closed[1].what, "Closed by Ada while it was down");
    }
}
