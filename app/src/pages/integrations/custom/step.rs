//! One request of a definition as fields.

use domain::check::request::Header;
use domain::custom::{
    Capture, Comparison, CustomSettings, HttpStep, Source, StepAssertion, StepAuth, StepMethod,
};
use leptos::prelude::*;

use super::editing::{At, List, dom_id};
use super::part::{Add, Part, Pick, Tick, Tools};
use crate::components::icon::Icon;

fn step_of(settings: &mut CustomSettings, at: At) -> Option<&mut HttpStep> {
    settings.definitions.get_mut(at.outer)?.steps.get_mut(at.step)
}

/// A step.
#[component]
pub(super) fn Step(
    /// The steps of its definition.
    list: List<HttpStep>,
    /// Where it stands.
    at: At,
    /// How many steps there are.
    count: usize,
    /// What it holds at first.
    step: HttpStep,
) -> impl IntoView {
    let index = at.step;
    let what = format!("step {}", index + 1);
    let more = more_words(&step);
    let is_open = !more.is_empty();
    view! {
        <fieldset class="part-step">
            <legend class="visually-hidden">{format!("Step {}", index + 1)}</legend>
            <div class="part-head"><h3>{format!("Step {}", index + 1)}</h3><Tools list index count what/></div>
            <div class="method-row">
                <Pick label="Method" path=list.path(index, "method") value=step.method
                    set=Callback::new(move |method: StepMethod| list.write(index, |step| step.method = method))/>
                <Part label="URL" path=list.path(index, "url") value=step.url placeholder="https://api.example.org/{{@monitor.name}}"
                    set=Callback::new(move |url| list.write(index, |step| step.url = url))/>
            </div>
            <Headers list at headers=step.headers/>
            <Part label="Body" area=true path=list.path(index, "body") value=step.body
                set=Callback::new(move |body| list.write(index, |step| step.body = body))/>
            <details class="fold" open=is_open>
                <summary><Icon name="chevron-right"/>"Authentication, captures, assertions"<span class="muted">{more}</span></summary>
                <div class="form">
                    <Part label="Name" path=list.path(index, "name") value=step.name placeholder="Log in"
                        set=Callback::new(move |name| list.write(index, |step| step.name = name))/>
                    <Auth list index auth=step.auth/>
                    <Captures list at captures=step.captures/>
                    <Assertions list at assertions=step.assertions/>
                    <Tick label="Go on with the steps behind it even when it fails" path=list.path(index, "continue_after_error")
                        value=step.continue_after_error
                        set=Callback::new(move |go_on| list.write(index, |step| step.continue_after_error = go_on))/>
                </div>
            </details>
        </fieldset>
    }
}

/// What is set of what is folded away at first.
fn more_words(step: &HttpStep) -> String {
    let count = |number: usize, one: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {one}s")),
    };
    let auth = step.auth.words();
    let words = [
        (!step.name.is_empty()).then(|| step.name.clone()),
        (!auth.is_empty()).then(|| auth.to_owned()),
        count(step.captures.len(), "capture"),
        count(step.assertions.len(), "assertion"),
        step.continue_after_error.then(|| "goes on after an error".to_owned()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[component]
fn Headers(list: List<HttpStep>, at: At, headers: Vec<Header>) -> impl IntoView {
    let rows = List::new(list.path(at.step, "headers"), at, |settings, at| {
        Some(&mut step_of(settings, at)?.headers)
    });
    let count = headers.len();
    let row = move |(index, header): (usize, Header)| {
        let what = format!("header {}", index + 1);
        view! {
            <li class="part-row pair-row">
                <Part label=format!("Name of {what}") bare=true placeholder="Name" path=rows.path(index, "name") value=header.name
                    set=Callback::new(move |name| rows.write(index, |header| header.name = name))/>
                <Part label=format!("Value of {what}") bare=true placeholder="Value" path=rows.path(index, "value") value=header.value.expose().to_owned()
                    set=Callback::new(move |value: String| rows.write(index, |header| header.value = value.into()))/>
                <Tools list=rows index count what/>
            </li>
        }
    };
    let add = Callback::new(move |()| {
        rows.push(count, "name", Header { name: String::new(), value: String::new().into() });
    });
    view! {
        <fieldset class="field">
            <legend>"Headers"</legend>
            <ul>{headers.into_iter().enumerate().map(row).collect_view()}</ul>
            <div><Add path=rows.add_path() label="Add header" add/></div>
        </fieldset>
    }
}

/// The ways to authenticate.
const WAYS: [(&str, &str); 3] = [("none", "None"), ("basic", "Basic"), ("digest", "Digest")];

#[component]
fn Auth(list: List<HttpStep>, index: usize, auth: StepAuth) -> impl IntoView {
    let (way, username, password) = match auth {
        StepAuth::None => (WAYS[0].0, String::new(), String::new()),
        StepAuth::Basic { username, password } => (WAYS[1].0, username, password.expose().to_owned()),
        StepAuth::Digest { username, password } => (WAYS[2].0, username, password.expose().to_owned()),
    };
    let id = dom_id(&list.path(index, "auth.type"));
    let kept = (username.clone(), password.clone());
    let choose = move |word: String| {
        let (username, password) = (kept.0.clone(), kept.1.clone().into());
        list.shape(index, "auth.type", |step: &mut HttpStep| {
            step.auth = match word.as_str() {
                "basic" => StepAuth::Basic { username, password },
                "digest" => StepAuth::Digest { username, password },
                _ => StepAuth::None,
            };
        });
    };
    let set_name = Callback::new(move |name: String| {
        list.write(index, |step| {
            if let StepAuth::Basic { username, .. } | StepAuth::Digest { username, .. } = &mut step.auth {
                *username = name;
            }
        });
    });
    let set_password = Callback::new(move |word: String| {
        list.write(index, |step| {
            if let StepAuth::Basic { password, .. } | StepAuth::Digest { password, .. } = &mut step.auth {
                *password = word.into();
            }
        });
    });
    view! {
        <div class="cols">
            <div class="field">
                <label for=id.clone()>"Authentication"</label>
                <select class="input" id=id on:change:target=move |event| choose(event.target().value())>
                    {WAYS.map(|(word, words)| view! { <option value=word selected=word == way>{words}</option> }).collect_view()}
                </select>
            </div>
            {(way != WAYS[0].0).then(|| view! {
                <Part label="User name" path=list.path(index, "auth.username") value=username set=set_name/>
                <Part label="Password" path=list.path(index, "auth.password") value=password set=set_password/>
            })}
        </div>
    }
}

#[component]
fn Captures(list: List<HttpStep>, at: At, captures: Vec<Capture>) -> impl IntoView {
    let rows = List::new(list.path(at.step, "captures"), at, |settings, at| {
        Some(&mut step_of(settings, at)?.captures)
    });
    let count = captures.len();
    let row = move |(index, capture): (usize, Capture)| {
        let what = format!("capture {}", index + 1);
        let pick = Callback::new(move |source: Source| {
            rows.shape(index, "source", |capture: &mut Capture| capture.source = source);
        });
        view! {
            <li class="part-row triple-row">
                <Part label=format!("Variable of {what}") bare=true placeholder="Variable" path=rows.path(index, "variable") value=capture.variable
                    set=Callback::new(move |variable| rows.write(index, |capture| capture.variable = variable))/>
                <Pick label=format!("Source of {what}") bare=true path=rows.path(index, "source") value=capture.source set=pick/>
                {property(rows, index, &what, capture.source, capture.property, |capture, text| capture.property = text)}
                <Tools list=rows index count what/>
                <div class="ticks">
                    <Tick label="Secret" path=rows.path(index, "secret") value=capture.secret
                        set=Callback::new(move |secret| rows.write(index, |capture| capture.secret = secret))/>
                </div>
            </li>
        }
    };
    let add = Callback::new(move |()| {
        let capture =
            Capture { variable: String::new(), source: Source::Json, property: String::new(), secret: false };
        rows.push(count, "variable", capture);
    });
    view! {
        <fieldset class="field">
            <legend>"Captures"</legend>
            <p class="hint">"Variables that are taken from the answer, for the steps behind it."</p>
            <ul>{captures.into_iter().enumerate().map(row).collect_view()}</ul>
            <div><Add path=rows.add_path() label="Add capture" add/></div>
        </fieldset>
    }
}

#[component]
fn Assertions(list: List<HttpStep>, at: At, assertions: Vec<StepAssertion>) -> impl IntoView {
    let rows = List::new(list.path(at.step, "assertions"), at, |settings, at| {
        Some(&mut step_of(settings, at)?.assertions)
    });
    let count = assertions.len();
    let row = move |(index, assertion): (usize, StepAssertion)| {
        let what = format!("assertion {}", index + 1);
        let pick = Callback::new(move |source: Source| {
            rows.shape(index, "source", |assertion: &mut StepAssertion| assertion.source = source);
        });
        let compare = Callback::new(move |comparison: Comparison| {
            rows.shape(index, "comparison", |assertion: &mut StepAssertion| {
                assertion.comparison = comparison;
            });
        });
        let target = assertion.comparison.needs_target().then(|| {
            view! {
                <Part label=format!("Target of {what}") bare=true placeholder="Target" path=rows.path(index, "target") value=assertion.target
                    set=Callback::new(move |target| rows.write(index, |assertion| assertion.target = target))/>
            }
        });
        view! {
            <li class="part-row triple-row">
                <Pick label=format!("Source of {what}") bare=true path=rows.path(index, "source") value=assertion.source set=pick/>
                {property(rows, index, &what, assertion.source, assertion.property, |assertion, text| assertion.property = text)}
                <Pick label=format!("Comparison of {what}") bare=true path=rows.path(index, "comparison") value=assertion.comparison set=compare/>
                {target}
                <Tools list=rows index count what/>
            </li>
        }
    };
    let add = Callback::new(move |()| {
        let assertion = StepAssertion {
            source: Source::StatusCode,
            property: String::new(),
            comparison: Comparison::Equal,
            target: "200".to_owned(),
        };
        rows.push(count, "source", assertion);
    });
    view! {
        <fieldset class="field">
            <legend>"Assertions"</legend>
            <p class="hint">
                "What must be true of the answer. Without one about the status, it must be less than 300: redirects are not followed."
            </p>
            <ul>{assertions.into_iter().enumerate().map(row).collect_view()}</ul>
            <div><Add path=rows.add_path() label="Add assertion" add/></div>
        </fieldset>
    }
}

/// Which value of a source is meant, where that has to be said.
fn property<T: Send + Sync + 'static>(
    list: List<T>,
    index: usize,
    what: &str,
    source: Source,
    value: String,
    put: fn(&mut T, String),
) -> Option<impl IntoView + use<T>> {
    let placeholder = match source {
        Source::Json => "response.token",
        Source::Xml => "/answer/token/text()",
        Source::Text => "pattern, or empty for all",
        Source::Header | Source::Cookie => "its name",
        _ => "{{function({{variable}})}}",
    };
    source.has_property().then(|| {
        let set = Callback::new(move |text| list.write(index, |item| put(item, text)));
        view! { <Part label=format!("Property of {what}") bare=true placeholder path=list.path(index, "property") value set/> }
    })
}
