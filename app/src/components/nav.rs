//! The ways through the console.

use domain::health::State;
use leptos::prelude::*;
use leptos_router::components::A;

use super::icon::Icon;
use crate::live::LiveFeed;

/// Path, words and icon of each way, in their order.
const WAYS: [(&str, &str, &str); 4] = [
    ("/console", "Overview", "overview"),
    ("/console/monitors", "Monitors", "monitors"),
    ("/console/page", "Status page", "page"),
    ("/console/settings", "Settings", "settings"),
];

/// The links, for the sidebar and for the bar below the thumb.
#[component]
pub fn Ways() -> impl IntoView {
    WAYS.map(|(path, words, icon)| {
        let is_overview = path == "/console";
        view! {
            <A href=path exact=is_overview>
                <Icon name=icon/>{words}{is_overview.then(|| view! { <DownBadge/> })}
            </A>
        }
    })
    .collect_view()
}

/// How many monitors are down.
#[component]
fn DownBadge() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let down = Memo::new(move |_| feed.counts.get().map_or(0, |counts| counts.of(State::Down)));
    move || {
        (down.get() > 0).then(|| {
            view! { <span class="badge" data-state="down">{down.get()}<span class="visually-hidden">" down"</span></span> }
        })
    }
}
