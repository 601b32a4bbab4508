//! Logging in.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::auth::AuthFrame;
use crate::call::Call;
use crate::components::form::{SendForm, Submit};
use crate::components::input::TextField;
use crate::components::page_head::PageTitle;
use crate::server_fns::session::LogIn as LogInCall;

/// The page.
#[component]
pub fn LogIn() -> impl IntoView {
    let action = Call::to::<LogInCall>();
    let next = use_query_map().read_untracked().get("next").unwrap_or_default();
    view! {
        <PageTitle text="Log in"/>
        <AuthFrame foot=|| view! { <p>"Forgot it? On the server: " <code>"pharos user reset-password"</code></p> }>
            <div class="card">
                <h1>"Log in"</h1>
                <p class="lead">"to the console"</p>
                <SendForm action id="login" refused="">
                    <input type="hidden" name="next" value=next/>
                    <TextField name="email" label="E-mail" kind="email" autocomplete="username" first=true/>
                    <TextField name="password" label="Password" kind="password" autocomplete="current-password"/>
                    <Submit class="button primary big block">"Log in"</Submit>
                </SendForm>
            </div>
        </AuthFrame>
    }
}
