//! The fields of an integration's form, and the button that sends a test.

use domain::form::{Field, FieldKind, Form};
use domain::integration::{ProviderKind, draft};
use domain::views::console::IntegrationTrial;
use leptos::prelude::*;

use super::code::PhoneCode;
use super::custom::DefinitionField;
use crate::call::Call;
use crate::components::field::Fields;
use crate::components::form::{FormState, SendElsewhere};
use crate::components::icon::Icon;
use crate::components::telling::trial::EXAMPLES;

/// Whether a new integration hears of every outage.
static IN_DEFAULT: Field = Field::new("in_default", "Tell it of every outage", FieldKind::Checkbox)
    .default("true")
    .help("It joins the default alert definition, which is for all monitors that no other names.");

/// The same of one that acts: one server is hardly to blame for every outage.
static ACT_IN_DEFAULT: Field = Field::new("in_default", "Do it at every outage", FieldKind::Checkbox)
    .help("Of every monitor that no alert definition names. Better leave this off, and attach it to the monitors of this server on their pages.");

/// The same of one that somebody composed.
static COMPOSED_IN_DEFAULT: Field = Field::new("in_default", "Tell it of every outage", FieldKind::Checkbox)
    .help("Of every monitor that no alert definition names. Without this it does nothing before it stands on a level of a definition, or is attached to a monitor.");

/// What is asked of an integration: the provider's own fields, and what all share.
#[component]
pub fn IntegrationFields(
    /// The provider.
    kind: ProviderKind,
    /// The values at first.
    values: Form,
    /// Whether it is a new one.
    new: bool,
) -> impl IntoView {
    // A new one is in use; to add one that is off would be odd.
    let shared = draft::FIELDS.iter().filter(|field| !new || field.name != "enabled");
    let in_default = match kind {
        ProviderKind::Custom => &COMPOSED_IN_DEFAULT,
        _ if kind.acts() => &ACT_IN_DEFAULT,
        _ => &IN_DEFAULT,
    };
    let shared = shared.chain(new.then_some(in_default));
    if kind == ProviderKind::Custom {
        // The definition is long; what it is called comes first.
        return view! { <Fields fields=shared.collect() values/><DefinitionField/> }.into_any();
    }
    let fields = kind.fields().iter().chain(shared).collect();
    view! {
        <Fields fields values/>
        {(kind == ProviderKind::Sms).then(|| view! { <PhoneCode new/> })}
    }
    .into_any()
}

/// Chooses an example and sends it.
#[component]
pub fn SendTest(
    /// Where to.
    action: Call<IntegrationTrial>,
) -> impl IntoView {
    let chosen = FormState::here().value("example", String::new());
    view! {
        <div class="join test-as">
            <select class="input" name="example" aria-label="Example to send">
                {EXAMPLES.map(|(kind, words)| view! {
                    <option value=kind.as_str() selected=chosen == kind.as_str()>{words}</option>
                }).collect_view()}
            </select>
            <SendElsewhere action><Icon name="zap"/>"Send test"</SendElsewhere>
        </div>
    }
}
