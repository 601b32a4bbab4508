//! What people change of themselves, and where links in messages lead.

mod account;
mod links;

use leptos::prelude::*;

use crate::components::again::Again;
use crate::components::icon::Icon;
use crate::components::keyboard::KeysSwitch;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::tabs::Tabs;
use crate::components::theme::ThemeSwitch;

/// The pages of settings.
pub(super) const TABS: &[(&str, &str)] =
    &[("/console/settings", "You"), ("/console/settings/tokens", "API tokens")];

/// The page.
#[component]
pub fn Settings() -> impl IntoView {
    Again::provide();
    view! {
        <PageTitle text="Settings"/>
        <PageHead title="Settings"/>
        <Tabs label="Settings" tabs=TABS/>
        <div class="stack narrow">
            <account::Account/>
            <account::Password/>
            <links::Links/>
            <form class="card form" method="post" action="/api/log_out">
                <header><h2>"Session"</h2></header>
                <p class="muted">"Ends this session. A new password ends all the others."</p>
                <div class="form-foot"><button class="button"><Icon name="logout"/>"Log out"</button></div>
            </form>
            <section class="card">
                <header><h2>"Look"</h2><ThemeSwitch/></header>
                <p class="muted">"Light or dark; kept in this browser. Until you choose, the system decides."</p>
                <KeysSwitch/>
            </section>
        </div>
    }
}
