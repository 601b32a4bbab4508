//! Rows of a list that changes while somebody is on it.

use std::collections::HashMap;
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
    let follow = following(rows, key);
    let row = move |first: T| children(follow(first));
    view! { <For each=move || rows.get() key=key children=row/> }
}

/// Gives, for each thing, what becomes of it in the list. Where it stands is worked out once for all of them: a list that changes is
/// not walked by each of its rows.
fn following<T, K>(rows: Signal<Vec<T>>, key: fn(&T) -> K) -> impl Fn(T) -> Memo<T> + Clone
where
    T: Clone + PartialEq + Send + Sync + 'static,
    K: Eq + Hash + Send + Sync + 'static,
{
    let places = Memo::new(move |_| {
        let mut places = HashMap::new();
        rows.with(|rows| {
            for (place, row) in rows.iter().enumerate() {
                places.entry(key(row)).or_insert(place);
            }
        });
        places
    });
    move |first: T| {
        let mine = key(&first);
        Memo::new(move |last: Option<&T>| {
            let place = places.try_with(|places| places.get(&mine).copied()).flatten();
            let now = rows.try_with(|rows| rows.get(place?).filter(|row| key(row) == mine).cloned());
            // A row that is on its way out listens still.
            now.flatten().unwrap_or_else(|| last.unwrap_or(&first).clone())
        })
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static ASKED: Cell<usize> = const { Cell::new(0) };
    }

    fn key(row: &(usize, &'static str)) -> usize {
        ASKED.set(ASKED.get() + 1);
        row.0
    }

    #[test]
    fn rows_follow_their_own_and_none_walks_the_list() {
        const ROWS: usize = 300;
        Owner::new().with(|| {
            let rows = RwSignal::new((0..ROWS).map(|row| (row, "up")).collect::<Vec<_>>());
            let follow = following(rows.into(), key);
            let drawn: Vec<_> = rows.get_untracked().into_iter().map(follow).collect();
            let shown = || drawn.iter().map(|row| row.get_untracked()).collect::<Vec<_>>();
            assert_eq!(shown(), rows.get_untracked());
            ASKED.set(0);
            rows.update(|rows| {
                rows[7].1 = "down";
                rows.reverse();
            });
            assert_eq!(shown()[7], (7, "down"));
            assert!(ASKED.get() <= 3 * ROWS, "{} questions", ASKED.get());
            // One that is on its way out stays what it was.
            rows.update(|rows| rows.retain(|row| row.0 != 7));
            assert_eq!((shown()[7], shown()[8]), ((7, "down"), (8, "up")));
        });
    }
}
