//! The first step: an account.

use leptos::prelude::*;

use super::StepFrame;
use crate::call::Call;
use crate::components::form::{FormState, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::TextField;
use crate::components::notice::{Notice, Tone};
use crate::server_fns::setup::SetUp;

/// The form.
#[component]
pub(super) fn MakeAccount(token: String) -> impl IntoView {
    let action = Call::to::<SetUp>();
    view! {
        <StepFrame at=0>
            <h1>"Light the lamp"</h1>
            <p class="lead">"One account to begin with. You can add people later."</p>
            <SendForm action id="account">
                <input type="hidden" name="token" value=token/>
                <TokenError/>
                <TextField name="name" label="Your name" autocomplete="name" first=true/>
                <TextField name="email" label="E-mail" kind="email" autocomplete="username"/>
                <TextField name="password" label="Password" kind="password" autocomplete="new-password"
                    hint="At least 8 characters. A sentence is fine."/>
                <Submit class="button primary big block">"Continue" <Icon name="arrow-right"/></Submit>
            </SendForm>
        </StepFrame>
    }
}

/// The token stands in no field that could say what is wrong with it.
#[component]
fn TokenError() -> impl IntoView {
    let error = FormState::here().error_of("token");
    move || {
        error
            .get()
            .map(|error| view! { <Notice tone=Tone::Warning title="This link does not work" text=error/> })
    }
}
