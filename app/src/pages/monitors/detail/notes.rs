//! What was written down about a monitor.

use domain::notes;
use leptos::prelude::*;

use crate::components::linked::Linked;

/// The notes and the own fields; nothing when there are none.
#[component]
pub(super) fn Notes(notes: notes::Notes) -> impl IntoView {
    let fields = notes.fields.into_iter().map(|(name, value)| {
        let value = if value.is_empty() {
            view! { <span class="muted">"empty"</span> }.into_any()
        } else {
            view! { <Linked text=value/> }.into_any()
        };
        view! { <dt>{name}</dt><dd>{value}</dd> }
    });
    let fields: Vec<_> = fields.collect();
    (!notes.text.is_empty() || !fields.is_empty()).then(|| {
        view! {
            <section class="card notes">
                <header><h2>"Notes"</h2></header>
                {(!notes.text.is_empty()).then(|| view! { <Linked text=notes.text/> })}
                {(!fields.is_empty()).then(|| view! { <dl>{fields}</dl> })}
            </section>
        }
    })
}
