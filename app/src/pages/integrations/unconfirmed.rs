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
    /// Whether it names others, too, who get their mail.
    others: bool,
) -> impl IntoView {
    let action = Call::to::<SendLinks>();
    let who = addresses.join(" and ");
    let title = if others { format!("Not delivering to {who}") } else { "Not confirmed".to_owned() };
    let others = others.then_some(" The other addresses get their mail.");
    view! {
        <div class="notice" data-state="degraded">
            <Icon name="st-degraded"/>
            <div class="grow stack">
                <div>
                    <strong>{title}</strong>
                    <p>"Nothing is sent to "{who}" before somebody opens the link that is mailed there."{others}</p>
                </div>
                <SendForm action id="send-link" class="stack" said="The link is on its way. It holds for 24 hours.">
                    <input type="hidden" name="integration" value=id/>
                    <div><Submit class="button"><Icon name="mail"/>"Send the link again"</Submit></div>
                </SendForm>
            </div>
        </div>
    }
}
