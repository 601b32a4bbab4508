//! Rows of a list that changes while somebody is on it.

use std::hash::Hash;

use leptos::prelude::*;

/// Draws a row for each thing. Whatever happens to the list, a thing keeps its elements for as long as it is in there: a row that was
/// patched by its place would keep the focus and become another thing's.
#[component]
pub fn Rows<T, K, V, F>(
    /// The things, in their order.
    #[prop(into)]
    rows: Signal<Vec<T>>,
    /// What tells them apart.
    key: fn(&T) -> K,
    /// Draws one, which changes in place.
    children: F,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    K: Eq + Hash + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(Memo<T>) -> V + Clone + Send + Sync + 'static,
{
    let row = move |first: T| {
        let mine = key(&first);
        children(Memo::new(move |last: Option<&T>| {
            let now = rows.try_with(|rows| rows.iter().find(|row| key(row) == mine).cloned());
            // A row that is on its way out listens still.
            now.flatten().unwrap_or_else(|| last.unwrap_or(&first).clone())
        }))
    };
    view! { <For each=move || rows.get() key=key children=row/> }
}
