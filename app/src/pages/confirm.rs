//! Where a mailed link leads: a button that confirms the address. Opening the page confirms nothing, because programs that search
//! mails for harm open every link.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::auth::AuthFrame;
use crate::call::Call;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::page_head::PageTitle;
use crate::flash::{self, Flash};
use crate::server_fns::account::{ConfirmAddress, read_confirmation};

/// The id of the form in the page.
const FORM: &str = "confirm";

/// The page.
#[component]
pub fn Confirm() -> impl IntoView {
    let token = use_params_map().read_untracked().get("token").unwrap_or_default();
    let flash = flash::take(FORM);
    let came_done = flash.as_ref().is_some_and(|flash| flash.error.is_none());
    let action = Call::to::<ConfirmAddress>();
    let is_done =
        Memo::new(move |_| action.value().with(|value| value.as_ref().map_or(came_done, Result::is_ok)));
    let given = StoredValue::new((token.clone(), flash));
    let whose = Resource::new(|| (), move |()| read_confirmation(token.clone()));
    view! {
        <PageTitle text="Confirm your address"/>
        <AuthFrame>
            <div class="card">
                {move || if is_done.get() {
                    view! { <Done/> }.into_any()
                } else {
                    view! {
                        <Loaded from=whose whole=true let:email>
                            {match email {
                                Some(email) => {
                                    let (token, flash) = given.get_value();
                                    view! { <Ask action email token flash=flash.unwrap_or_default()/> }.into_any()
                                }
                                None => view! { <Over/> }.into_any(),
                            }}
                        </Loaded>
                    }.into_any()
                }}
            </div>
        </AuthFrame>
    }
}

/// The button.
#[component]
fn Ask(action: Call<()>, email: String, token: String, flash: Flash) -> impl IntoView {
    view! {
        <h1>"Is this your address?"</h1>
        <p class="lead">"Pharos is to send its alerts to "<strong>{email}</strong>"."</p>
        <SendForm action id=FORM flash refused="">
            <input type="hidden" name="token" value=token/>
            <Submit class="button primary big block"><Icon name="check"/>"Confirm this address"</Submit>
        </SendForm>
    }
}

/// It is confirmed.
#[component]
fn Done() -> impl IntoView {
    view! {
        <h1>"Confirmed"</h1>
        <p class="lead" role="status">"Alerts are sent to your address from now on."</p>
        <a class="button block" href="/console">"To the console"</a>
    }
}

/// The link holds no more.
#[component]
fn Over() -> impl IntoView {
    view! {
        <h1>"This link does not work"</h1>
        <p class="lead">"It has expired or was used. Log in, and send it again under Settings."</p>
        <a class="button block" href="/console/settings">"To the settings"</a>
    }
}
