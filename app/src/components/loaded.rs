//! A view that is read from the server: what stands there meanwhile, and what when it fails.

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use crate::error::AppError;
use crate::live::{Link, LiveFeed};

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
    again_when_back(from);
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

/// Reads a view again that could not be read, as soon as the line to the server is back: nobody needs to ask for it.
pub(super) fn again_when_back<T>(from: Resource<Result<T, AppError>>)
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
{
    let Some(feed) = use_context::<LiveFeed>() else { return };
    Effect::new(move |was_live: Option<bool>| {
        let is_live = feed.link.get() == Link::Live;
        let has_failed = || {
            from.with_untracked(|read| {
                matches!(read, Some(Err(AppError::Unreachable | AppError::Unavailable | AppError::Internal)))
            })
        };
        if is_live && was_live == Some(false) && has_failed() {
            from.refetch();
        }
        is_live
    });
}

/// Holds the place of a view that is under way.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! { <section class="empty plain" aria-busy="true"><super::icon::Spinner/><p>"Loading…"</p></section> }
}
