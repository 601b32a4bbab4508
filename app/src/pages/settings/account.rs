//! The person's name, address and password.

use domain::views::console::Myself;
use leptos::prelude::*;

use crate::call::Call;
use crate::components::again::Again;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::TextField;
use crate::components::loaded::Loaded;
use crate::server_fns::account::{ChangeEmail, ChangePassword, RenameMyself, SendMyLink, read_myself};

/// Name and address.
#[component]
pub(super) fn Account() -> impl IntoView {
    let again = Again::here();
    let me = Resource::new(move || again.count(), |_| read_myself());
    view! {
        <Loaded from=me let:me>
            <Name name=me.name.clone()/>
            <Email me/>
        </Loaded>
    }
}

/// What the person is called.
#[component]
fn Name(name: String) -> impl IntoView {
    let action = Call::to::<RenameMyself>();
    view! {
        <SendForm action id="account" class="card form" said="Saved">
            <header><h2>"Account"</h2></header>
            <TextField name="name" label="Name" value=name autocomplete="name"/>
            <div class="form-foot"><Submit>"Save"</Submit></div>
        </SendForm>
    }
}

/// The address, and whether it is proven.
#[component]
fn Email(me: Myself) -> impl IntoView {
    let action = Call::to::<ChangeEmail>();
    Again::here().after(action);
    let state = if me.confirmed {
        view! { <span class="pill" data-state="up"><Icon name="check"/>"Confirmed"</span> }.into_any()
    } else {
        view! { <span class="pill" data-state="degraded"><Icon name="st-degraded"/>"Not confirmed"</span> }
            .into_any()
    };
    view! {
        <section class="card stack">
            <header><h2>"E-mail"</h2>{state}</header>
            {(!me.confirmed).then(|| view! { <SendLink/> })}
            <SendForm action id="email">
                <TextField name="email" label="E-mail" value=me.email kind="email" autocomplete="username"
                    hint="You log in with it. A new one is not confirmed."/>
                <TextField name="current" label="Current password" kind="password" autocomplete="current-password"/>
                <div class="form-foot"><Submit class="button">"Change address"</Submit></div>
            </SendForm>
        </section>
    }
}

/// Mails the link.
#[component]
fn SendLink() -> impl IntoView {
    let action = Call::to::<SendMyLink>();
    view! {
        <SendForm action id="send-link" said="The link is on its way. It holds for 24 hours.">
            <p class="muted">"Alerts are sent to it once you have opened a link that is mailed there."</p>
            <div class="form-foot"><Submit class="button"><Icon name="mail"/>"Send the link again"</Submit></div>
        </SendForm>
    }
}

/// The password.
#[component]
pub(super) fn Password() -> impl IntoView {
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
