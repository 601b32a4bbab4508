//! What happened, in sentences.

use std::collections::HashMap;

use domain::event::{Event, Numbered};
use domain::health::State;
use domain::id::MonitorKey;
use domain::views::console::{FeedItem, MonitorChoice};

use super::Result;
use crate::store::{self, Tx};

/// The feed's entry for an event; `None` for events that are no change of a monitor's state.
pub fn feed_item(event: &Numbered, name: &str) -> Option<FeedItem> {
    let Event::StateChanged { id, from, to, reason, .. } = &event.event else { return None };
    Some(FeedItem {
        seq: event.seq,
        at: event.at,
        state: *to,
        monitor: id.clone(),
        name: name.to_owned(),
        text: reason.clone().unwrap_or_else(|| sentence(*from, *to).to_owned()),
    })
}

/// The entries for events; those of monitors that are gone are left out.
pub(super) async fn items(tx: &mut Tx, events: &[Numbered]) -> Result<Vec<FeedItem>> {
    let mut keys: Vec<MonitorKey> = events.iter().filter_map(|event| event.event.monitor()).collect();
    keys.sort_unstable();
    keys.dedup();
    let names: HashMap<MonitorKey, MonitorChoice> = store::views::monitors::names(tx, &keys).await?;
    let item = |event: &Numbered| feed_item(event, &names.get(&event.event.monitor()?)?.name);
    Ok(events.iter().filter_map(item).collect())
}

fn sentence(from: State, to: State) -> &'static str {
    match (from, to) {
        (State::Pending, State::Up) => "The first check succeeded.",
        (State::Confirming, State::Up) => "A single failure; it works.",
        (State::Unknown, State::Up) => "It can be judged again, and works.",
        (_, State::Up) => "It works again.",
        (_, State::Degraded) => "It answers, but not well.",
        (_, State::Confirming) => "A check failed; looking again.",
        (_, State::Down) => "It does not work.",
        (_, State::Unknown) => "It cannot be judged at present.",
        (_, State::Pending) => "It waits for its first check.",
        (_, State::Paused) => "It is not checked.",
    }
}
