//! One message in the log.

use std::collections::BTreeSet;

use domain::delivery::DeliveryState;
use domain::views::console::DeliveryRow;
use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::telling::state::DeliveryWord;
use crate::components::telling::words;
use crate::components::time::{Ago, Time};
use crate::words::sentence;

/// Whether a message may be sent once more: it is not on its way.
pub(super) fn may_replay(state: DeliveryState) -> bool {
    !matches!(state, DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Retrying)
}

/// The messages that are ticked, by id.
#[derive(Clone, Copy, Default)]
pub(super) struct Chosen(RwSignal<BTreeSet<String>>);

impl Chosen {
    /// Whether a message is ticked.
    fn holds(self, id: &str) -> bool {
        self.0.with(|chosen| chosen.contains(id))
    }

    /// Ticks a message, or takes the tick away.
    fn set(self, id: &str, is_ticked: bool) {
        self.0.update(|chosen| {
            if is_ticked {
                chosen.insert(id.to_owned());
            } else {
                chosen.remove(id);
            }
        });
    }

    /// Takes every tick away.
    pub(super) fn clear(self) {
        self.0.try_update(BTreeSet::clear);
    }
}

/// What tells a row from the others and from what it was before: only a row that is another one is drawn again.
pub(super) fn identity(row: &DeliveryRow) -> (String, &'static str, i64, u32, Option<i64>) {
    (row.id.to_string(), row.fate().as_str(), row.updated_at.0, row.attempts, row.due_at.map(|at| at.0))
}

/// The row.
#[component]
pub(super) fn Row(row: DeliveryRow, chosen: Chosen) -> impl IntoView {
    let id = StoredValue::new(row.id.to_string());
    let href = format!("/console/deliveries/{}", row.id);
    let label = format!("Choose: {}", row.headline);
    let fate = row.fate();
    let below = match (row.error, row.due_at) {
        (Some(error), _) => Some(sentence(&error)),
        (None, Some(_)) if row.state == DeliveryState::Waiting => Some("Waits for its time.".to_owned()),
        _ => None,
    };
    let attempts = match row.attempts {
        0 => None,
        1 => Some("1 attempt".to_owned()),
        many => Some(format!("{many} attempts")),
    };
    view! {
        <tr>
            // The label makes the whole cell the target.
            <td class="pick">{may_replay(row.state).then(|| view! {
                <label><input type="checkbox" name="deliveries[]" value=id.get_value() aria-label=label
                    prop:checked=move || id.with_value(|id| chosen.holds(id))
                    on:change:target=move |event| id.with_value(|id| chosen.set(id, event.target().checked()))/></label>
            })}</td>
            <td><div class="title wide"><a data-row href=href title=row.headline.clone()>{row.headline.clone()}</a>
                <span class="sub">{words::kind(&row.kind)}{below.map(|below| format!(" · {below}"))}</span></div></td>
            <td class="lead"><DeliveryWord state=fate/></td>
            <td><span class="chip"><Icon name=row.provider.icon()/>{row.integration.name}</span></td>
            <td class="num muted drop">{attempts}</td>
            <td class="end num muted">{if row.state == DeliveryState::Retrying {
                view! { "next " {row.due_at.map(|at| view! { <Time at shape=crate::browser::Shape::Minute/> })} }.into_any()
            } else {
                view! { <Ago at=row.updated_at/> }.into_any()
            }}</td>
        </tr>
    }
}
