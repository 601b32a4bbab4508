//! A view that is drawn once and then follows what is read.

use leptos::prelude::*;
use leptos::reactive::computed::ScopedFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::loaded::{Skeleton, again_when_back};
use crate::error::AppError;

/// What stands there at present.
enum Drawn<T: Send + Sync + 'static> {
    /// Nothing that was read.
    Nothing,
    /// The view, and what it follows.
    View(RwSignal<T>),
    /// Why it could not be read.
    Failure(AppError),
}

/// Shows what a resource holds, like [`super::loaded::Loaded`], but draws it only once: what is read later goes into the signal. For
/// views that are read again while somebody is on one of their controls.
#[component]
pub fn Kept<T, V, F>(
    /// Where the view comes from.
    from: Resource<Result<T, AppError>>,
    /// Whether it is the whole page, so that a failure needs the page's heading.
    #[prop(optional)]
    whole: bool,
    /// Draws it.
    children: F,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
    F: Fn(RwSignal<T>) -> V + Send + Sync + 'static,
{
    again_when_back(from);
    let draw = StoredValue::new(children);
    let drawn = StoredValue::new(Drawn::Nothing);
    let round = RwSignal::new(0_u32);
    Effect::new(move || {
        let Some(read) = from.get() else { return };
        let is_drawn = drawn.try_with_value(|drawn| match (drawn, &read) {
            // Drawn soon, from the same.
            (Drawn::Nothing, _) => true,
            (Drawn::View(shown), Ok(value)) => {
                if shown.try_with_untracked(|shown| shown != value) == Some(true) {
                    shown.set(value.clone());
                }
                true
            }
            (Drawn::Failure(shown), Err(error)) => shown == error,
            _ => false,
        });
        if is_drawn == Some(false) {
            round.update(|round| *round += 1);
        }
    });
    view! {
        <Transition fallback=Skeleton>
            {move || {
                round.track();
                // Untracked: what is read later is no reason to draw again.
                Suspend::new(ScopedFuture::new_untracked(async move {
                    match from.await {
                        Ok(value) => {
                            let shown = RwSignal::new(value);
                            drawn.set_value(Drawn::View(shown));
                            draw.with_value(|draw| draw(shown).into_any())
                        }
                        Err(error) => {
                            drawn.set_value(Drawn::Failure(error.clone()));
                            view! { <Failure error whole retry=Callback::new(move |()| from.refetch())/> }.into_any()
                        }
                    }
                }))
            }}
        </Transition>
    }
}
