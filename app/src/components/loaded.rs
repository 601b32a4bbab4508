//! A view that is read from the server: what stands there meanwhile, and what when it fails.

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use crate::error::AppError;

/// Shows what a resource holds. While it is read again, the old view stays.
#[component]
pub fn Loaded<T, V, F>(
    /// Where the view comes from.
    from: Resource<Result<T, AppError>>,
    /// Whether it is the whole page, so that a failure needs the page's heading.
    #[prop(optional)]
    whole: bool,
    /// Draws it.
    children: F,
) -> impl IntoView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
    F: Fn(T) -> V + Send + Sync + 'static,
{
    let draw = StoredValue::new(children);
    view! {
        <Transition fallback=Skeleton>
            {move || Suspend::new(async move {
                match from.await {
                    Ok(value) => draw.with_value(|draw| draw(value).into_any()),
                    Err(error) => view! { <Failure error whole retry=Callback::new(move |()| from.refetch())/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Holds the place of a view that is under way.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! { <section class="empty plain" aria-busy="true"><super::icon::Spinner/><p>"Loading…"</p></section> }
}
