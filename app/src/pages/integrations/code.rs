//! The code that proves whose phone number it is: sent to the phone, and written here.

use leptos::prelude::*;

use crate::call::Call;
use crate::components::form::{FormState, SendElsewhere};
use crate::components::icon::Icon;
use crate::components::input::TextField;
use crate::components::notice::{Notice, Tone};
use crate::error::AppError;
use crate::server_fns::integrations::{CODE_SENT, SendCode};

/// The button that sends the code, what became of it, and the field for it.
#[component]
pub(super) fn PhoneCode(
    /// Whether it is a new integration; an existing one needs a code for another number only.
    new: bool,
) -> impl IntoView {
    let action = Call::to::<SendCode>();
    let came = FormState::here().value(CODE_SENT, String::new());
    let outcome = move || match action.value().get() {
        Some(Ok(number)) => Some(sent(&number)),
        Some(Err(error)) => {
            let title = words(&error);
            Some(view! { <Notice tone=Tone::Bad title text="No code was sent."/> }.into_any())
        }
        None => (!came.is_empty()).then(|| sent(&came)),
    };
    let hint = if new {
        "What the text message says. It holds for 10 minutes."
    } else {
        "What the text message says. A number that stays as it is needs none."
    };
    view! {
        <div><SendElsewhere action><Icon name="smartphone"/>"Send code"</SendElsewhere></div>
        <div aria-live="polite" id="code-sent">{outcome}</div>
        <TextField name="verification_code" label="Code" hint optional=!new autocomplete="one-time-code" placeholder="123456"/>
    }
}

fn sent(number: &str) -> AnyView {
    let title = format!("A code is on its way to {number}");
    view! { <Notice tone=Tone::Good title text="Write it below, and save."/> }.into_any()
}

/// The one thing that is wrong, rather than that something is: the field that it belongs to has its own form.
fn words(error: &AppError) -> String {
    match error {
        AppError::Invalid { errors } => {
            errors.first().map_or_else(|| error.to_string(), |error| error.message.clone())
        }
        other => other.to_string(),
    }
}
