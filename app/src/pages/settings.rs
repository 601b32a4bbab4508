//! What people change of themselves.

use leptos::prelude::*;

use crate::call::Call;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::TextField;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::tabs::Tabs;
use crate::components::theme::ThemeSwitch;
use crate::server_fns::account::{ChangePassword, Myself, RenameMyself, read_myself};

/// The pages of settings.
pub(super) const TABS: &[(&str, &str)] =
    &[("/console/settings", "You"), ("/console/settings/tokens", "API tokens")];

/// The page.
#[component]
pub fn Settings() -> impl IntoView {
    let me = Resource::new(|| (), |()| read_myself());
    view! {
        <PageTitle text="Settings"/>
        <PageHead title="Settings"/>
        <Tabs label="Settings" tabs=TABS/>
        <div class="stack narrow">
            <Loaded from=me let:me><Account me/></Loaded>
            <Password/>
            <form class="card form" method="post" action="/api/log_out">
                <header><h2>"Session"</h2></header>
                <p class="muted">"Ends this session. A new password ends all the others."</p>
                <div class="form-foot"><button class="button"><Icon name="logout"/>"Log out"</button></div>
            </form>
            <section class="card">
                <header><h2>"Look"</h2><ThemeSwitch/></header>
                <p class="muted">"Light or dark; kept in this browser. Until you choose, the system decides."</p>
            </section>
        </div>
    }
}

/// The name.
#[component]
fn Account(me: Myself) -> impl IntoView {
    let action = Call::to::<RenameMyself>();
    view! {
        <SendForm action id="account" class="card form" said="Saved">
            <header><h2>"Account"</h2></header>
            <TextField name="name" label="Name" value=me.name autocomplete="name"/>
            <div class="field">
                <label for="account-email">"E-mail"</label>
                <input class="input" id="account-email" value=me.email readonly/>
                <p class="hint">"You log in with it."</p>
            </div>
            <div class="form-foot"><Submit>"Save"</Submit></div>
        </SendForm>
    }
}

/// The password.
#[component]
fn Password() -> impl IntoView {
    let action = Call::to::<ChangePassword>();
    view! {
        <SendForm action id="password" class="card form" clear=true said="The password was changed. Other sessions were ended.">
            <header><h2>"Password"</h2></header>
            <TextField name="current" label="Current password" kind="password" autocomplete="current-password"/>
            <TextField name="new" label="New password" kind="password" autocomplete="new-password"
                hint="At least 8 characters. A sentence is fine."/>
            <div class="form-foot"><Submit class="button">"Change password"</Submit></div>
        </SendForm>
    }
}
