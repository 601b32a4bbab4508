//! Whom a level tells, and of what.

use std::collections::HashSet;

use domain::definition_form::{is_ticked, level_field, target_field, variable_field};
use domain::form::Form;
use domain::id::IntegrationId;
use domain::level_values::LevelVariable;
use domain::views::console::IntegrationChoice;
use leptos::prelude::*;

use crate::components::find::{FindBox, MANY, told};
use crate::components::form::FormState;
use crate::components::icon::Icon;
use crate::components::input::{Described, ErrorOf};

/// Integrations that are offered beside those that are told already; the others are searched for. No fewer than [`MANY`]: up to there
/// nothing is searched for.
const OFFERED: usize = 12;
/// The field of a level with what its integrations are searched by. It is no part of a definition.
const FIND: &str = "find";

/// A row an integration: whether it is told, whether it hears that it is over, whether it is reminded. Those that are told at first stand in
/// front, behind what a search finds, and stay in the page, as do those that are ticked since: what is not in the page is not sent.
#[component]
pub(super) fn Targets(level: usize, values: Form, integrations: Vec<IntegrationChoice>) -> impl IntoView {
    if integrations.is_empty() {
        return view! {
            <div class="field">
                <span class="label">"Whom"</span>
                <p class="hint">"There is no integration yet. "<a href="/console/integrations/new">"Add one"</a>", then come back."</p>
            </div>
        }
        .into_any();
    }
    let is_told = |one: &IntegrationChoice| is_ticked(&values, &target_field(level, "tell", &one.id));
    let (given, others): (Vec<_>, Vec<_>) = integrations.into_iter().partition(is_told);
    let others = StoredValue::new(others);
    let total = given.len() + others.with_value(Vec::len);
    let find = level_field(level, FIND);
    let (box_name, searched) = (FormState::here().input_name(&find), values.get(&find).cloned());
    let search = RwSignal::new(searched.clone().unwrap_or_default());
    let ticked = RwSignal::new(Vec::<IntegrationId>::new());
    let standing = StoredValue::new(given);
    let offered = move || {
        let search = search.read();
        standing.with_value(|given| {
            others.with_value(|others| ticked.with(|ticked| offered(given, others, &search, ticked)))
        })
    };
    let said = move || {
        let search = search.read();
        let in_front = standing.with_value(|given| fitting(given, &search).count());
        let others = others.with_value(|others| fitting(others, &search).count());
        let (shown, found) = (in_front + others.min(OFFERED), in_front + others);
        told(count(shown), count(found), count(total), "integration", !search.trim().is_empty())
    };
    let said = Signal::derive(said);
    let value = searched.unwrap_or_default();
    let box_label = format!("Search integrations for level {}", level + 1);
    let find_box = (count(total) > MANY).then(|| {
        let search = move |text| search.set(text);
        view! { <FindBox name=box_name value label=box_label placeholder="Search name or type" said search/> }
    });
    let tick = Callback::new(move |(id, is_ticked): (IntegrationId, bool)| {
        ticked.update(|ticked| {
            ticked.retain(|known| *known != id);
            if is_ticked {
                ticked.push(id);
            }
        });
    });
    let row = move |one: IntegrationChoice| view! { <Target level one values=values.clone() tick/> };
    view! {
        <fieldset class="field">
            <legend>"Whom"</legend>
            <ErrorOf field=level_field(level, "targets")/>
            {find_box}
            <ul class="targets">
                <For each=offered key=|one| one.id.clone() children=row/>
            </ul>
        </fieldset>
    }
    .into_any()
}

/// Those whose name or type has the text in it.
fn fitting<'a>(
    others: &'a [IntegrationChoice],
    search: &str,
) -> impl Iterator<Item = &'a IntegrationChoice> + use<'a> {
    let text = search.trim().to_lowercase();
    others.iter().filter(move |one| {
        one.name.to_lowercase().contains(&text) || one.kind.label().to_lowercase().contains(&text)
    })
}

/// What is shown: those that are told and the first few of the others that a search leaves, and behind them what else is ticked. Without a
/// search those that are told stand in front, and what is ticked since keeps its place.
fn offered(
    given: &[IntegrationChoice],
    others: &[IntegrationChoice],
    search: &str,
    ticked: &[IntegrationId],
) -> Vec<IntegrationChoice> {
    let few = fitting(others, search).take(OFFERED);
    let found: HashSet<_> = fitting(given, search).chain(few).map(|one| &one.id).collect();
    let stays = |one: &&IntegrationChoice| found.contains(&one.id) || ticked.contains(&one.id);
    let all = given.iter().chain(others.iter().filter(stays));
    if search.trim().is_empty() {
        return all.cloned().collect();
    }
    let (first, rest): (Vec<_>, Vec<_>) = all.cloned().partition(|one| found.contains(&one.id));
    first.into_iter().chain(rest).collect()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One integration.
#[component]
fn Target(
    level: usize,
    one: IntegrationChoice,
    values: Form,
    /// Hears whether it is told.
    tick: Callback<(IntegrationId, bool)>,
) -> impl IntoView {
    let state = FormState::here();
    let name = |what: &str| state.input_name(&target_field(level, what, &one.id));
    let is = |what: &str| is_ticked(&values, &target_field(level, what, &one.id));
    let told = is("tell");
    // Whoever is added hears of everything, until somebody says otherwise.
    let (ok, remind) = (!told || is("ok"), !told || is("remind"));
    let variables = one.variables.iter().map(|variable| {
        let field = variable_field(level, &one.id, &variable.name);
        let value = values.get(&field).cloned().unwrap_or_default();
        view! { <Variable field variable=variable.clone() of=one.name.clone() value/> }
    });
    let variables = variables.collect_view();
    let id = one.id.clone();
    let change = move |is_told: bool| tick.run((id.clone(), is_told));
    let (over, reminded) = (format!("Tell {} when it is over", one.name), format!("Remind {}", one.name));
    view! {
        <li>
            <label class="check"><input type="checkbox" name=name("tell") value="true" checked=told
                on:change:target=move |event| change(event.target().checked())/>
                <span class="who"><Icon name=one.kind.icon()/>{one.name.clone()}{(!one.enabled).then(|| view! { <span class="muted">"off"</span> })}</span></label>
            <span class="of">
                <label class="check"><input type="checkbox" name=name("ok") value="true" checked=ok aria-label=over/><span>"Recovery"</span></label>
                <label class="check"><input type="checkbox" name=name("remind") value="true" checked=remind aria-label=reminded/><span>"Reminders"</span></label>
            </span>
            {variables}
        </li>
    }
}

/// A variable that the integration leaves to the level. A stored secret comes as its mask, which keeps it.
#[component]
fn Variable(field: String, variable: LevelVariable, of: String, value: String) -> impl IntoView {
    let control = Described::field(&field, false);
    let (error, error_id) = (control.error, format!("{}-error", control.id));
    let label = format!("{} of {of}", variable.name);
    let kind = if variable.secret { "password" } else { "text" };
    view! {
        <div class="variable">
            <label for=control.id.clone()><code>{variable.name}</code></label>
            <input class="input" type=kind id=control.id.clone() name=control.name.clone() value=value aria-label=label autocomplete="off" spellcheck="false"
                aria-invalid=control.invalid() aria-describedby=control.by()/>
            {move || error.get().map(|error| view! { <p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p> })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use domain::integration::ProviderKind;

    use super::*;

    fn one(id: u8, name: &str, kind: ProviderKind) -> IntegrationChoice {
        let id = IntegrationId::new([id; 13]);
        IntegrationChoice { id, name: name.to_owned(), kind, enabled: true, variables: Vec::new() }
    }

    #[test]
    fn what_is_ticked_stays_among_the_few_that_a_search_leaves() {
        let mut all: Vec<_> =
            (0..40).map(|id| one(id, &format!("Hook {id:02}"), ProviderKind::Webhook)).collect();
        all.push(one(40, "Night", ProviderKind::PagerDuty));
        let names = |search: &str, ticked: &[u8]| {
            let ticked: Vec<_> = ticked.iter().map(|id| IntegrationId::new([*id; 13])).collect();
            offered(&[], &all, search, &ticked).into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        assert!(count(OFFERED) >= MANY, "without a search all are offered");
        assert_eq!(names("", &[]).len(), OFFERED);
        assert_eq!(names("", &[30]).last().map(String::as_str), Some("Hook 30"));
        assert_eq!(names("", &[3]).len(), OFFERED);
        assert_eq!(names(" pagerDUTY", &[7]), ["Night", "Hook 07"], "what is found stands in front");
        assert_eq!(names("hook 3", &[]).len(), 10);
        assert!(names("nothing like it", &[]).is_empty());
        let (told, others) = all.split_at(30);
        let shown = |search: &str| offered(told, others, search, &[]);
        assert_eq!(shown("hook 29").len(), 30, "nobody who is told leaves");
        assert_eq!(shown("hook 29")[0].name, "Hook 29");
        assert_eq!(shown("night")[0].name, "Night");
        assert_eq!(shown("")[0].name, "Hook 00");
    }
}
