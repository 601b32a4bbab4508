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

/// The row. Its cells follow; the row stays.
#[component]
pub(super) fn Row(row: Memo<DeliveryRow>, chosen: Chosen) -> impl IntoView {
    let id = StoredValue::new(row.with_untracked(|row| row.id.to_string()));
    let href = id.with_value(|id| format!("/console/deliveries/{id}"));
    let headline = move || row.with(|row| row.headline.clone());
    let below = move || {
        row.with(|row| match (&row.error, row.due_at) {
            (Some(error), _) => Some(format!(" · {}", sentence(error))),
            (None, Some(_)) if row.state == DeliveryState::Waiting => {
                Some(" · Waits for its time.".to_owned())
            }
            _ => None,
        })
    };
    let attempts = move || match row.with(|row| row.attempts) {
        0 => None,
        1 => Some("1 attempt".to_owned()),
        many => Some(format!("{many} attempts")),
    };
    let state = Memo::new(move |_| row.with(|row| row.state));
    let fate = Memo::new(move |_| row.with(DeliveryRow::fate));
    let when = Memo::new(move |_| row.with(|row| (row.state, row.due_at, row.updated_at)));
    let when = move || match when.get() {
        (DeliveryState::Retrying, due_at, _) => {
            view! { "next " {due_at.map(|at| view! { <Time at shape=crate::browser::Shape::Minute/> })} }
                .into_any()
        }
        (_, _, at) => view! { <Ago at/> }.into_any(),
    };
    view! {
        <tr>
            // The label makes the whole cell the target.
            <td class="pick"><Show when=move || may_replay(state.get())>
                <label><input type="checkbox" name="deliveries[]" value=id.get_value() aria-label=move || format!("Choose: {}", headline())
                    prop:checked=move || id.with_value(|id| chosen.holds(id))
                    on:change:target=move |event| id.with_value(|id| chosen.set(id, event.target().checked()))/></label>
            </Show></td>
            <td><div class="title wide"><a data-row href=href title=headline>{headline}</a>
                <span class="sub">{move || row.with(|row| words::kind(&row.kind))}{below}</span></div></td>
            <td class="lead">{move || view! { <DeliveryWord state=fate.get()/> }}</td>
            <td><span class="chip">{move || row.with(|row| view! { <Icon name=row.provider.icon()/>{row.integration.name.clone()} })}</span></td>
            <td class="num muted drop">{attempts}</td>
            <td class="end num muted">{when}</td>
        </tr>
    }
}
