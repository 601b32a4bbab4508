//! Forms that change something. They are plain forms: without scripts the browser sends them and comes back with a flash;
//! with scripts the answer arrives in place. Either way nothing that was typed is lost.

use std::collections::BTreeSet;

use domain::form::Form;
use leptos::ev::{Event, SubmitEvent};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use web_sys::FormData;

use super::icon::{Icon, Spinner};
use super::leave::Guard;
use super::login::LogInElsewhere;
use super::notice::{Notice, Tone};
use crate::browser;
use crate::call::Call;
use crate::error::AppError;
use crate::flash::{self, Flash};

/// What fields and buttons know of the form around them.
#[derive(Clone, Copy)]
pub struct FormState {
    id: StoredValue<String>,
    map: StoredValue<String>,
    typed: StoredValue<Option<Form>>,
    error: Signal<Option<AppError>>,
    edited: RwSignal<BTreeSet<String>>,
    done: Signal<bool>,
    pending: Signal<bool>,
}

impl FormState {
    /// The form around the present component.
    pub fn here() -> Self {
        expect_context()
    }

    /// A field's id in the page.
    pub fn dom_id(self, field: &str) -> String {
        self.id.with_value(|id| format!("{id}-{field}"))
    }

    /// A field's name in what is sent.
    pub fn input_name(self, field: &str) -> String {
        self.map.with_value(|map| if map.is_empty() { field.to_owned() } else { format!("{map}[{field}]") })
    }

    /// What a field holds at first: what was typed before the page came back, or else the value given.
    pub fn value(self, field: &str, given: String) -> String {
        self.typed.with_value(|typed| match typed {
            Some(typed) => typed.get(field).cloned().unwrap_or(given),
            None => given,
        })
    }

    /// What is wrong with a field, until it is typed into: what was said is not true of what stands there then.
    pub fn error_of(self, field: &str) -> Memo<Option<String>> {
        let (field, name) = (field.to_owned(), self.input_name(field));
        Memo::new(move |_| {
            if self.edited.with(|edited| edited.contains(&name)) {
                return None;
            }
            self.error
                .with(|error| error.as_ref().and_then(|error| error.of_field(&field)).map(str::to_owned))
        })
    }

    /// Whether the form is under way.
    pub fn is_pending(self) -> bool {
        self.pending.get()
    }
}

/// A form for a server function.
#[component]
pub fn SendForm<T>(
    /// The function.
    action: Call<T>,
    /// The form's id in the page and of its flash.
    #[prop(into)]
    id: String,
    /// The look.
    #[prop(default = "form")]
    class: &'static str,
    /// The argument that collects the fields, when the function takes them as one map.
    #[prop(default = "")]
    map: &'static str,
    /// The flash of a page that came back, when the page has taken it itself.
    #[prop(optional)]
    flash: Option<Flash>,
    /// What is said when it was done; nothing when empty.
    #[prop(default = "")]
    said: &'static str,
    /// What is said below the refusal of fields; nothing is said at all when empty, because the fields say it.
    #[prop(default = "Nothing was saved yet.")]
    refused: &'static str,
    /// Whether the form is emptied when it was done.
    #[prop(optional)]
    clear: bool,
    /// What keeps the form on the page; whoever leaves it with changes is asked first.
    #[prop(optional)]
    guard: Option<Guard>,
    /// Fields and buttons.
    children: Children,
) -> impl IntoView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let flash = flash.or_else(|| flash::take(&id));
    let (came_back, came_with) = (flash.is_some(), flash.as_ref().and_then(|flash| flash.error.clone()));
    let was_done = came_back && came_with.is_none();
    let forgot = flash.as_ref().is_some_and(|flash| flash.forgot);
    let value = action.value();
    let error = Signal::derive(move || {
        value.with(|value| match value {
            Some(answer) => answer.as_ref().err().cloned(),
            None => came_with.clone(),
        })
    });
    let done = Signal::derive(move || value.with(|value| value.as_ref().map_or(was_done, Result::is_ok)));
    let state = FormState {
        id: StoredValue::new(id.clone()),
        map: StoredValue::new(map.to_owned()),
        typed: StoredValue::new(flash.map(|flash| flash.values)),
        error,
        edited: RwSignal::default(),
        done,
        pending: action.pending(),
    };
    provide_context(state);
    follow(state, action.version(), clear);
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(fields) = browser::fields_of(&event) {
            action.send(fields);
        }
    };
    let edit = move |event: Event| {
        if state.error.with_untracked(Option::is_some)
            && let Some(name) = browser::name_of(&event)
            && state.edited.with_untracked(|edited| !edited.contains(&name))
        {
            state.edited.update(|edited| {
                edited.insert(name);
            });
        }
    };
    view! {
        <form action=action.path() method="post" id=id class=class novalidate=true data-guard=guard.map(Guard::as_str) on:submit=send on:input=edit>
            <Outcome said refused/>
            {forgot.then(|| view! { <Forgot/> })}
            {children()}
        </form>
    }
}

/// Does with the form in the page what an answer asks for.
fn follow(state: FormState, answers: RwSignal<u32>, clear: bool) {
    Effect::new(move || {
        if answers.get() == 0 {
            return;
        }
        let id = state.id.get_value();
        state.edited.set(BTreeSet::new());
        if state.error.with_untracked(Option::is_some) {
            // After the fields have been marked. What concerns no field is said above the form, which may be out of sight.
            request_animation_frame(move || {
                let places = [
                    ":is([aria-invalid='true'], [data-wrong])",
                    ".notice[role='alert'] a",
                    ".notice[role='alert']",
                ];
                let _ = places.iter().any(|place| browser::focus(&format!("#{id} {place}")));
            });
        } else if clear {
            browser::reset_form(&id);
        } else {
            browser::settle_form(&id);
        }
    });
}

/// What became of the form, above its fields.
#[component]
fn Outcome(said: &'static str, refused: &'static str) -> impl IntoView {
    let state = FormState::here();
    move || {
        if let Some(error) = state.error.get() {
            let is_by_field = matches!(error, AppError::Invalid { .. });
            if is_by_field && refused.is_empty() {
                return None;
            }
            if error == AppError::Forbidden {
                return Some(view! { <LoggedOut/> }.into_any());
            }
            let text = if is_by_field { refused } else { "" };
            Some(view! { <Notice tone=Tone::Bad title=error.to_string() text=text/> }.into_any())
        } else if !said.is_empty() && state.done.get() {
            Some(view! { <Notice tone=Tone::Good title=said/> }.into_any())
        } else {
            None
        }
    }
}

/// The page came back without the secrets that were typed.
#[component]
fn Forgot() -> impl IntoView {
    let text =
        "Passwords, tokens and other secrets are never sent back to a page, so those fields are empty now.";
    view! { <Notice tone=Tone::Plain title="Type the secrets again." text/> }
}

/// The session ended before the form was sent.
#[component]
fn LoggedOut() -> impl IntoView {
    view! {
        <div class="notice" data-state="down" role="alert" tabindex="-1">
            <Icon name="logout"/>
            <div><strong>{AppError::Forbidden.to_string()}</strong><p><LogInElsewhere/>", then save again; what you typed is still here."</p></div>
        </div>
    }
}

/// The button that sends the form. It turns while the form is under way.
#[component]
pub fn Submit(
    /// The look.
    #[prop(default = "button primary")]
    class: &'static str,
    /// What it is called, when its content is an icon only.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// What it sends along, when the form has several ways to go on: the name of an argument.
    #[prop(optional)]
    name: Option<&'static str>,
    /// And its value.
    #[prop(optional)]
    value: Option<&'static str>,
    /// What is seen.
    children: Children,
) -> impl IntoView {
    let state = FormState::here();
    view! {
        <button class=class name=name value=value aria-label=move || label.get() aria-busy=move || state.is_pending().then_some("true")
            on:click=move |event| if state.pending.get_untracked() { event.prevent_default() }>
            {move || state.is_pending().then(|| view! { <Spinner/> })}
            {children()}
        </button>
    }
}

/// The button that Enter presses, as the first child of a form whose first visible button does something else: browsers take the
/// first button of a form that submits it, whatever that one is for.
#[component]
pub fn EnterSends(
    /// The id of its form, when it stands outside: before whatever else does.
    #[prop(optional)]
    form: Option<&'static str>,
) -> impl IntoView {
    view! { <button class="visually-hidden" form=form tabindex="-1" aria-hidden="true">"Save"</button> }
}

/// A button that sends the fields of the form around it to another function.
#[component]
pub fn SendElsewhere<T>(
    /// The other function.
    action: Call<T>,
    /// The look.
    #[prop(default = "button")]
    class: &'static str,
    /// What is seen.
    children: Children,
) -> impl IntoView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let pending = action.pending();
    let send = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if let Some(form) = browser::form_of(&event)
            && let Ok(fields) = FormData::new_with_form(&form)
        {
            action.send(fields);
        }
    };
    view! {
        <button class=class formaction=action.path() aria-busy=move || pending.get().then_some("true") on:click=send>
            {move || pending.get().then(|| view! { <Spinner/> })}
            {children()}
        </button>
    }
}
