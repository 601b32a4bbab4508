//! What stands where a view should stand and could not be read.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::icon::Icon;
use crate::error::AppError;

/// A sentence and a way on. On the server it also gives the page its status.
#[component]
pub fn Failure(
    /// What went wrong.
    error: AppError,
    /// Whether nothing else stands on the page.
    whole: bool,
    /// Tries again.
    retry: Callback<()>,
) -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::context::status(&error);
    let title = match error {
        AppError::NotFound => "Not found",
        AppError::Forbidden => "Please log in",
        AppError::Unreachable => "No answer",
        _ => "This could not be read",
    };
    let is_gone = error == AppError::NotFound;
    let may_enter = error != AppError::Forbidden;
    if !may_enter {
        let (navigate, path) = (use_navigate(), use_location().pathname);
        // The session ended while the page was open.
        Effect::new(move || navigate(&login_path(&path.get_untracked()), NavigateOptions::default()));
    }
    view! {
        <section class="empty" role="alert">
            <Icon name=if is_gone { "search" } else { "alert" }/>
            {if whole { view! { <h1>{title}</h1> }.into_any() } else { view! { <h2>{title}</h2> }.into_any() }}
            <p>{error.to_string()}</p>
            <div class="button-row">
                {if !may_enter {
                    view! { <a class="button primary" href="/login">"Log in"</a> }.into_any()
                } else if is_gone {
                    view! { <a class="button" href="/console">"To the overview"</a> }.into_any()
                } else {
                    // A link, so that it works without scripts too.
                    view! {
                        <a class="button" href="" on:click=move |event| {
                            event.prevent_default();
                            event.stop_propagation();
                            retry.run(());
                        }>"Try again"</a>
                    }.into_any()
                }}
            </div>
        </section>
    }
}

/// The log-in page that leads back to a path of ours.
pub fn login_path(path: &str) -> String {
    format!(
        "/login?next={}",
        path.replace('%', "%25").replace('&', "%26").replace('?', "%3F").replace('#', "%23")
    )
}
