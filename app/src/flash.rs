//! What a form that was sent without scripts leaves for the page that comes back: nobody types twice.

use domain::check::CheckReport;
use domain::form::Form;
use domain::views::console::{IntegrationTrial, Tried};
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// What became of a form. Kept in the session from the redirect to the next page, which shows it once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flash {
    /// Which form, by its id.
    pub form: String,
    /// What was typed, without secrets.
    #[serde(default)]
    pub values: Form,
    /// Whether secrets were typed, which are not among the values.
    #[serde(default)]
    pub forgot: bool,
    /// Why it was refused; `None` when it was done.
    #[serde(default)]
    pub error: Option<AppError>,
    /// What a check found, when the form asked for one.
    #[serde(default)]
    pub report: Option<Box<CheckReport>>,
    /// What a trial of an integration said, when the form asked for one.
    #[serde(default)]
    pub trial: Option<Box<IntegrationTrial>>,
    /// What became of pasted addresses, when the form asked for that.
    #[serde(default)]
    pub tried: Vec<Tried>,
}

/// The flash that is meant for a form, on the page that comes back. The browser gets the same one when it hydrates.
pub fn take(form: &str) -> Option<Flash> {
    use leptos::prelude::SharedValue;

    let form = form.to_owned();
    SharedValue::new(move || on_server(&form)).into_inner()
}

#[cfg(feature = "ssr")]
fn on_server(form: &str) -> Option<Flash> {
    leptos::prelude::use_context::<crate::context::Flashes>().and_then(|flashes| flashes.kept(form))
}

#[cfg(not(feature = "ssr"))]
fn on_server(_form: &str) -> Option<Flash> {
    None
}
