//! The definition as fields: variables, own functions, and what is sent for which message.

use domain::custom::{Definition, HttpStep, MessageTypes, PredefinedVariable, VariableSource};
use domain::template::user::MappingEntry;
use domain::template::{HashAlgorithm, UserFunction, UserFunctionKind};
use leptos::prelude::*;

use super::editing::{At, Editing, List};
use super::part::{Add, Part, Pick, Tick, Tools};
use super::step::Step;
use crate::components::notice::{Notice, Tone};

/// The fields; while the JSON cannot be read, what to do.
#[component]
pub(super) fn DefinitionFields() -> impl IntoView {
    let editing = Editing::here();
    view! {
        <div class="parts">
            {move || {
                editing.draw(|settings| {
                    let definitions = settings.definitions.clone();
                    view! {
                        <Variables variables=settings.variables.clone()/>
                        <Functions functions=settings.functions.clone()/>
                        <Definitions definitions/>
                    }
                    .into_any()
                })
                .unwrap_or_else(|| view! {
                    <Notice tone=Tone::Warning title="The JSON cannot be read at present" text="Mend it below; the fields come back then."/>
                }.into_any())
            }}
        </div>
    }
}

/// The predefined variables.
#[component]
fn Variables(variables: Vec<PredefinedVariable>) -> impl IntoView {
    let list = List::new("variables", At::default(), |settings, _| Some(&mut settings.variables));
    let count = variables.len();
    let row = move |(index, variable): (usize, PredefinedVariable)| {
        let what = format!("variable {}", index + 1);
        let (per_level, value) = match &variable.source {
            VariableSource::Fixed { value } => (false, value.expose().to_owned()),
            VariableSource::PerLevel => (true, String::new()),
        };
        let give = Callback::new(move |per_level| {
            list.shape(index, "per_level", |variable: &mut PredefinedVariable| {
                variable.source = if per_level {
                    VariableSource::PerLevel
                } else {
                    VariableSource::Fixed { value: String::new().into() }
                };
            });
        });
        view! {
            <li class="part-row pair-row">
                <Part label=format!("Name of {what}") bare=true placeholder="Name" path=list.path(index, "name") value=variable.name
                    set=Callback::new(move |name| list.write(index, |variable| variable.name = name))/>
                {if per_level {
                    view! { <p class="muted">"each escalation level gives its own"</p> }.into_any()
                } else {
                    view! {
                        <Part label=format!("Value of {what}") bare=true placeholder="Value" path=list.path(index, "value") value
                            set=Callback::new(move |value: String| list.write(index, |variable| {
                                variable.source = VariableSource::Fixed { value: value.into() };
                            }))/>
                    }
                    .into_any()
                }}
                <Tools list index count what/>
                <div class="ticks">
                    <Tick label="Given per escalation level" path=list.path(index, "per_level") value=per_level set=give/>
                    <Tick label="Secret" path=list.path(index, "secret") value=variable.secret
                        set=Callback::new(move |secret| list.write(index, |variable| variable.secret = secret))/>
                </div>
            </li>
        }
    };
    let add = Callback::new(move |()| {
        let source = VariableSource::Fixed { value: String::new().into() };
        list.push(count, "name", PredefinedVariable { name: String::new(), source, secret: false });
    });
    view! {
        <section class="part-group">
            <h2>"Variables"</h2>
            <p class="hint">"Templates use them as {{Name}}."</p>
            <ul>{variables.into_iter().enumerate().map(row).collect_view()}</ul>
            <Add path=list.add_path() label="Add variable" add/>
        </section>
    }
}

/// The ways in which an own function works.
const KINDS: [(&str, &str); 3] = [("mapping", "Mapping"), ("regex", "Regular expression"), ("hash", "Hash")];

fn kind_word(kind: &UserFunctionKind) -> &'static str {
    match kind {
        UserFunctionKind::Mapping { .. } => KINDS[0].0,
        UserFunctionKind::Regex { .. } => KINDS[1].0,
        UserFunctionKind::Hash { .. } => KINDS[2].0,
    }
}

fn kind_of(word: &str) -> UserFunctionKind {
    match word {
        "regex" => UserFunctionKind::Regex { pattern: String::new() },
        "hash" => UserFunctionKind::Hash { algorithm: HashAlgorithm::Sha256, key: String::new().into() },
        _ => UserFunctionKind::Mapping { entries: vec![entry()] },
    }
}

fn entry() -> MappingEntry {
    MappingEntry { from: String::new(), to: String::new() }
}

/// The own functions.
#[component]
fn Functions(functions: Vec<UserFunction>) -> impl IntoView {
    let list = List::new("functions", At::default(), |settings, _| Some(&mut settings.functions));
    let count = functions.len();
    let row = move |(index, function): (usize, UserFunction)| {
        let what = format!("function {}", index + 1);
        let kind = kind_word(&function.kind);
        let id = super::editing::dom_id(&list.path(index, "type"));
        let choose = move |word: String| {
            list.shape(index, "type", |function: &mut UserFunction| function.kind = kind_of(&word));
        };
        view! {
            <li class="part-row pair-row">
                <Part label=format!("Name of {what}") bare=true placeholder="Name" path=list.path(index, "name") value=function.name
                    set=Callback::new(move |name| list.write(index, |function| function.name = name))/>
                <div class="field">
                    <label class="visually-hidden" for=id.clone()>{format!("What {what} does")}</label>
                    <select class="input" id=id on:change:target=move |event| choose(event.target().value())>
                        {KINDS.map(|(word, words)| view! { <option value=word selected=word == kind>{words}</option> }).collect_view()}
                    </select>
                </div>
                <Tools list index count what/>
                <div class="whole"><FunctionKind list index kind=function.kind/></div>
            </li>
        }
    };
    let add = Callback::new(move |()| {
        list.push(count, "name", UserFunction { name: String::new(), kind: kind_of("mapping") });
    });
    view! {
        <section class="part-group">
            <h2>"Own functions"</h2>
            <p class="hint">"Templates call them as {{name({{@alert.type}})}}."</p>
            <ul>{functions.into_iter().enumerate().map(row).collect_view()}</ul>
            <Add path=list.add_path() label="Add function" add/>
        </section>
    }
}

/// What an own function does.
#[component]
fn FunctionKind(list: List<UserFunction>, index: usize, kind: UserFunctionKind) -> impl IntoView {
    match kind {
        UserFunctionKind::Regex { pattern } => view! {
            <Part label="Pattern" path=list.path(index, "pattern") value=pattern placeholder="^([^:]+):"
                set=Callback::new(move |new: String| list.write(index, |function| {
                    function.kind = UserFunctionKind::Regex { pattern: new };
                }))/>
        }
        .into_any(),
        UserFunctionKind::Hash { algorithm, key } => {
            let needs_key = algorithm.needs_key();
            let pick = Callback::new(move |new: HashAlgorithm| {
                list.shape(index, "algorithm", |function: &mut UserFunction| {
                    if let UserFunctionKind::Hash { algorithm, .. } = &mut function.kind {
                        *algorithm = new;
                    }
                });
            });
            let set_key = Callback::new(move |new: String| {
                list.write(index, |function| {
                    if let UserFunctionKind::Hash { key, .. } = &mut function.kind {
                        *key = new.into();
                    }
                });
            });
            view! {
                <div class="cols">
                    <Pick label="Algorithm" path=list.path(index, "algorithm") value=algorithm set=pick/>
                    {needs_key.then(|| view! { <Part label="Key" path=list.path(index, "key") value=key.expose().to_owned() set=set_key/> })}
                </div>
            }
            .into_any()
        }
        UserFunctionKind::Mapping { entries } => {
            let at = At { outer: index, ..At::default() };
            let rows = List::new(list.path(index, "entries"), at, |settings, at| {
                match &mut settings.functions.get_mut(at.outer)?.kind {
                    UserFunctionKind::Mapping { entries } => Some(entries),
                    _ => None,
                }
            });
            let count = entries.len();
            let row = move |(index, entry): (usize, MappingEntry)| {
                view! {
                    <li class="part-row pair-row">
                        <Part label=format!("From, entry {}", index + 1) bare=true placeholder="From" path=rows.path(index, "from") value=entry.from
                            set=Callback::new(move |from| rows.write(index, |entry| entry.from = from))/>
                        <Part label=format!("To, entry {}", index + 1) bare=true placeholder="To" path=rows.path(index, "to") value=entry.to
                            set=Callback::new(move |to| rows.write(index, |entry| entry.to = to))/>
                        <Tools list=rows index count what=format!("entry {}", index + 1)/>
                    </li>
                }
            };
            let add = Callback::new(move |()| rows.push(count, "from", entry()));
            view! {
                <ul>{entries.into_iter().enumerate().map(row).collect_view()}</ul>
                <Add path=rows.add_path() label="Add entry" add/>
            }
            .into_any()
        }
    }
}

/// What is sent for which message.
#[component]
fn Definitions(definitions: Vec<Definition>) -> impl IntoView {
    let list = List::new("definitions", At::default(), |settings, _| Some(&mut settings.definitions));
    let count = definitions.len();
    let one = move |(index, definition): (usize, Definition)| {
        let what = format!("definition {}", index + 1);
        let types = definition.types;
        let tick = move |label: &'static str, name: &str, value: bool, put: fn(&mut MessageTypes, bool)| {
            let set = Callback::new(move |ticked| {
                list.write(index, |definition: &mut Definition| put(&mut definition.types, ticked));
            });
            view! { <Tick label path=list.path(index, &format!("types.{name}")) value set/> }
        };
        let at = At { outer: index, ..At::default() };
        let steps = List::new(list.path(index, "steps"), at, |settings, at| {
            Some(&mut settings.definitions.get_mut(at.outer)?.steps)
        });
        let step_count = definition.steps.len();
        let drawn = definition.steps.into_iter().enumerate().map(move |(number, step)| {
            view! { <Step list=steps at=At { outer: index, step: number } count=step_count step/> }
        });
        let add = Callback::new(move |()| steps.push(step_count, "url", HttpStep::to("{{ApiUrl}}")));
        let title = if count > 1 { format!("What is sent, {what}") } else { "What is sent".to_owned() };
        view! {
            <section class="part-group" id=super::editing::dom_id(&list.path(index, ""))>
                <div class="part-head"><h2>{title}</h2><Tools list index count what/></div>
                {(count > 1).then(|| view! {
                    <Part label="Name" path=list.path(index, "name") value=definition.name
                        set=Callback::new(move |name| list.write(index, |definition| definition.name = name))/>
                })}
                <fieldset class="field">
                    <legend>"For these messages"</legend>
                    <div class="ticks">
                        {tick("Error", "error", types.error, |types, ticked| types.error = ticked)}
                        {tick("OK", "ok", types.ok, |types, ticked| types.ok = ticked)}
                        {tick("Reminder", "reminder", types.reminder, |types, ticked| types.reminder = ticked)}
                    </div>
                </fieldset>
                {drawn.collect_view()}
                <Add path=steps.add_path() label="Add step" add/>
            </section>
        }
    };
    let add = Callback::new(move |()| {
        let steps = vec![HttpStep::to("{{ApiUrl}}")];
        let definition = Definition { name: String::new(), types: MessageTypes::default(), steps };
        list.push(count, "name", definition);
    });
    view! {
        {definitions.into_iter().enumerate().map(one).collect_view()}
        <div><Add path=list.add_path() label="Add another definition" add/></div>
    }
}
