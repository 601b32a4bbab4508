//! The third step: where alerts go, with a test that shows at once whether they arrive.

use domain::integration::ProviderKind;
use domain::views::console::IntegrationForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::StepFrame;
use crate::call::Call;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::telling::trial::TrialCard;
use crate::flash;
use crate::pages::integrations::custom::{self, DefinitionSide};
use crate::pages::integrations::fields::{IntegrationFields, SendTest};
use crate::server_fns::integrations::{AddIntegration, FORM, TryIntegration, read_integration};

/// The step that comes after.
const NEXT: &str = "/setup?step=done";

/// The providers, and the form of the one that was chosen.
#[component]
pub(super) fn WhereTo() -> impl IntoView {
    let query = use_query_map();
    let kind =
        Memo::new(move |_| query.read().get("kind").and_then(|word| word.parse::<ProviderKind>().ok()));
    let tile = move |tile: &'static ProviderKind| {
        view! {
            <a href=format!("/setup?step=alerts&kind={tile}") title=tile.description() aria-current=move || (kind.get() == Some(*tile)).then_some("true")>
                <Icon name=tile.icon()/>{tile.label()}
            </a>
        }
    };
    view! {
        <StepFrame at=2>
            <h1>"Where shall alerts go?"</h1>
            <p class="lead">"Choose one to begin with. It hears of every outage; you can add others later."</p>
            <nav class="tiles ways" aria-label="Providers">{ProviderKind::ALL.iter().filter(|kind| !kind.acts()).map(tile).collect_view()}</nav>
            {move || match kind.get() {
                Some(kind) => {
                    let form = Resource::new(|| (), move |()| read_integration(String::new(), kind));
                    view! { <Loaded from=form let:form><Ask form/></Loaded> }.into_any()
                }
                None => view! {
                    <div class="form-foot"><a class="button quiet big push" href=NEXT>"Skip"</a></div>
                }.into_any(),
            }}
        </StepFrame>
    }
}

/// The fields of the chosen provider, and what a test said.
#[component]
fn Ask(mut form: IntegrationForm) -> impl IntoView {
    let flash = flash::take(FORM);
    let beside = custom::begin(&mut form, flash.as_ref());
    let shown = flash.as_ref().and_then(|flash| flash.trial.clone()).map(|trial| Ok(*trial));
    let was_shown = shown.is_some();
    let (action, trial) = (Call::to::<AddIntegration>(), Call::to::<TryIntegration>());
    let found = Signal::derive(move || trial.value().get().or_else(|| shown.clone()));
    let pending = trial.pending();
    let is_tried = Memo::new(move |_| was_shown || pending.get() || trial.version().get() > 0);
    let kind = form.kind;
    view! {
        <SendForm action id=FORM map="form" flash=flash.unwrap_or_default()>
            <input type="hidden" name="kind" value=kind.as_str()/>
            <input type="hidden" name="next" value=NEXT/>
            <IntegrationFields kind values=form.values new=true/>
            <div class="form-foot">
                <Submit class="button primary big">"Save and go on" <Icon name="arrow-right"/></Submit>
                <SendTest action=trial/>
                <a class="button quiet big push" href=NEXT>"Skip"</a>
            </div>
        </SendForm>
        {beside.map(|beside| view! { <div class="stack"><DefinitionSide beside/></div> })}
        <Show when=move || is_tried.get()><TrialCard found pending/></Show>
    }
}
