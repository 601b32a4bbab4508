//! What is said of an integration that names the address of an account that nobody confirmed.

use leptos::prelude::*;

use crate::call::Call;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::server_fns::account::SendLinks;

/// The notice, with the button that mails the link.
#[component]
pub(super) fn Unconfirmed(
    /// The integration.
    id: String,
    /// The addresses.
    addresses: Vec<String>,
) -> impl IntoView {
    let action = Call::to::<SendLinks>();
    let who = addresses.join(" and ");
    view! {
        <div class="notice" data-state="degraded">
            <Icon name="st-degraded"/>
            <div class="grow stack">
                <div>
                    <strong>"Not confirmed"</strong>
                    <p>"Nothing is sent to "{who}" before somebody opens the link that is mailed there."</p>
                </div>
                <SendForm action id="send-link" class="stack" said="The link is on its way. It holds for 24 hours.">
                    <input type="hidden" name="integration" value=id/>
                    <div><Submit class="button"><Icon name="mail"/>"Send the link again"</Submit></div>
                </SendForm>
            </div>
        </div>
    }
}
