//! Pages for what is not there and for what broke.

use domain::views::public::PageHead;
use leptos::prelude::*;

use super::document::{Page, Shell};
use super::markup::mark;
use super::part::html;

/// "Not found", in the frame of the status page that the address belongs to, if it is known.
pub fn not_found(head: Option<&PageHead>, shell: &Shell<'_>) -> String {
    page(
        head,
        shell,
        "Not found",
        "No light here",
        "This page does not exist, or is not public. The status of all services is on the front page.",
    )
}

/// "Our fault", without a word of what went wrong: that stands in the log.
pub fn failure(shell: &Shell<'_>) -> String {
    page(
        None,
        shell,
        "Something went wrong",
        "The lamp flickers",
        "The page could not be read. This is our fault, not yours; please try again in a minute.",
    )
}

fn page(
    head: Option<&PageHead>,
    shell: &Shell<'_>,
    title: &str,
    heading: &'static str,
    text: &'static str,
) -> String {
    let back = head.map_or_else(|| "/".to_owned(), PageHead::home);
    let main = view! {
        <main id="page">
            <div class="empty plain">
                {mark()} <h1>{heading}</h1> <p>{text}</p>
                <div class="button-row"><a class="button" href=back.clone()>"Current status"</a></div>
            </div>
        </main>
    };
    let name = head.map_or("Status", |head| &head.name);
    shell.document(&Page {
        head,
        title: format!("{title} · {name}"),
        description: text.to_owned(),
        icon: "/favicon.svg",
        path: back,
        is_there: false,
        target: "page",
        main: html(main),
    })
}
