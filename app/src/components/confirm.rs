//! A question before something is lost. A native dialog: the browser keeps the focus in it and gives it back.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use crate::browser;

/// A link that opens a dialog. Without scripts the page comes back with the dialog open.
#[component]
pub fn Ask(
    /// The dialog's id.
    #[prop(into)]
    dialog: String,
    /// The look of the link.
    class: &'static str,
    /// What it is called, when its content is an icon only.
    #[prop(into)]
    label: String,
    /// What is seen.
    children: Children,
) -> impl IntoView {
    let href = format!("?ask={dialog}");
    view! {
        <a class=class href=href aria-label=label role="button" on:click=move |event| {
            event.prevent_default();
            event.stop_propagation();
            browser::open_dialog(&dialog);
        }>{children()}</a>
    }
}

/// A dialog that names what is about to be lost. Its children are the form that does it.
#[component]
pub fn Confirm(
    /// The dialog's id, which [`Ask`] names.
    #[prop(into)]
    id: String,
    /// The question, with the name of the thing.
    #[prop(into)]
    title: String,
    /// What goes with it.
    #[prop(into)]
    text: String,
    /// The form with the button that does it.
    children: Children,
) -> impl IntoView {
    let (query, path) = (use_query_map(), use_location().pathname);
    let is_asked = query.read_untracked().get("ask").is_some_and(|asked| asked == id);
    let (heading, labelled_by) = (format!("{id}-title"), format!("{id}-title"));
    let closed = id.clone();
    let navigate = use_navigate();
    let forget = move |_| {
        // The address asked the question; answered, it must not ask again when the page is loaded.
        if query.with_untracked(|query| query.get("ask").is_some()) {
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate(&path.get_untracked(), options);
        }
    };
    view! {
        <dialog class="dialog" id=id open=is_asked aria-labelledby=labelled_by on:close=forget>
            <h2 id=heading>{title}</h2>
            <p>{text}</p>
            <footer>
                <a class="button" role="button" href=path on:click=move |event| {
                    event.prevent_default();
                    event.stop_propagation();
                    browser::close_dialog(&closed);
                }>"Cancel"</a>
                {children()}
            </footer>
        </dialog>
    }
}
