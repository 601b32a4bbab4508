//! What pages ask the server for. Every function is a public address of its own: it hands the question to a service, which
//! decides whether the viewer may, and ends by telling the page, or by sending a browser without scripts back to it.
//!
//! Those that change something are `POST`; those that only read are `GET`.

#![expect(
    missing_docs,
    reason = "the server macro makes arguments into public fields, which cannot be documented"
)]

pub mod account;
pub mod alerts;
pub mod chosen;
pub mod components;
pub mod deliveries;
pub mod frame;
pub mod groups;
pub mod incidents;
pub mod integrations;
pub mod monitor;
pub mod monitor_form;
pub mod monitor_telling;
pub mod monitors;
pub mod overview;
pub mod page;
pub mod session;
pub mod setup;
pub mod subscriptions;
pub mod tokens;

#[cfg(any(feature = "ssr", test))]
use domain::form::Form;

/// The form with what its unticked checkboxes mean.
#[cfg(any(feature = "ssr", test))]
fn complete(mut form: Form, unticked: Form) -> Form {
    for (name, value) in unticked {
        form.entry(name).or_insert(value);
    }
    form
}

/// Reads an id out of a path or a form; one that cannot be read names nothing.
#[cfg(feature = "ssr")]
fn id<T: std::str::FromStr>(text: &str) -> Result<T, engine::services::ServiceError> {
    text.parse().map_err(|_| engine::services::ServiceError::NotFound)
}

/// Reads an id where none may be chosen.
#[cfg(feature = "ssr")]
fn optional_id<T: std::str::FromStr>(text: &str) -> Result<Option<T>, engine::services::ServiceError> {
    if text.is_empty() { Ok(None) } else { id(text).map(Some) }
}

/// Mistakes in the list of ticked monitors, without their places in it: a page shows them below the list as a whole.
#[cfg(feature = "ssr")]
fn without_places(error: engine::services::ServiceError) -> engine::services::ServiceError {
    use engine::services::ServiceError::Invalid;

    let Invalid(mut errors) = error else { return error };
    for error in errors.iter_mut().filter(|error| error.field.starts_with("monitors.")) {
        error.field.truncate("monitors".len());
    }
    Invalid(errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unticked_checkbox_is_no_and_a_ticked_one_stays_yes() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let sent = Form::from([pair("verify", "true")]);
        let unticked = Form::from([pair("verify", "false"), pair("follow", "false")]);
        let whole = complete(sent, unticked);
        assert_eq!(whole["verify"], "true");
        assert_eq!(whole["follow"], "false");
    }
}
