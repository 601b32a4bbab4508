//! Above every page of the console: that people are not told, why, and what to do.

use domain::views::console::TellingHealth;
use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::words::sentence;

/// The banner; nothing when all is well. `watching` says whether there is anything that people could be told of.
#[component]
pub fn TellingBanner(
    /// How telling is.
    health: TellingHealth,
    /// Whether anything is watched.
    watching: bool,
    /// Whether the page itself says which integrations fail.
    said: bool,
) -> impl IntoView {
    if health.all_stop {
        return view! { <Stopped/> }.into_any();
    }
    if let Some(first) = health.failing.first() {
        if said {
            return ().into_any();
        }
        let title = match health.failing.len() {
            1 => format!("“{}” is not delivering", first.name),
            many => format!("“{}” and {} more are not delivering", first.name, many - 1),
        };
        let href = match health.failing.len() {
            1 => format!("/console/integrations/{}", first.id),
            _ => "/console/integrations".to_owned(),
        };
        return view! {
            <aside class="notice telling" data-state="down" aria-label="Alerts">
                <Icon name="st-major"/>
                <div><strong>{title}</strong>{health.why.map(|why| view! { <p>{sentence(&why)}</p> })}</div>
                <a class="button" href=href>"Mend it"</a>
            </aside>
        }
        .into_any();
    }
    if health.nobody && watching {
        return view! {
            <aside class="notice telling" data-state="degraded" aria-label="Alerts">
                <Icon name="st-degraded"/>
                <div><strong>"Nobody would be told"</strong><p>"You would learn of an outage only by looking."</p></div>
                <a class="button" href="/console/integrations/new">"Add integration"</a>
            </aside>
        }
        .into_any();
    }
    ().into_any()
}

/// All telling is stopped. The form is a plain one, sent by the browser: what a [`SendForm`] shares between server and browser is
/// counted in the order in which it is drawn, and this is drawn at another time on the server than in the browser.
///
/// [`SendForm`]: crate::components::form::SendForm
#[component]
fn Stopped() -> impl IntoView {
    view! {
        <aside class="notice telling" data-state="down" aria-label="Alerts">
            <Icon name="octagon-pause"/>
            <div><strong>"All telling is stopped"</strong><p>"Outages are watched and written down, and nobody hears of them."</p></div>
            <form method="post" action="/api/set_all_stop">
                <input type="hidden" name="stop" value="false"/>
                <button class="button">"Start again"</button>
            </form>
        </aside>
    }
}
