//! What would be sent, read again while one types. The server fills it in: it knows which secrets are kept, which never come here, and the time
//! zones; and the template language with its patterns and hashes would make what the browser loads half as big again (411 kB of brotli by
//! itself).

use std::time::Duration;

use domain::alert::AlertKind;
use domain::form::FieldError;
use domain::views::console::{CustomPreview, PreviewedMessage, PreviewedStep};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::editing::Editing;
use crate::components::icon::Icon;
use crate::components::time::Time;
use crate::server_fns::integrations::preview_custom;

/// How long after the last key it is read again.
const PAUSE: Duration = Duration::from_millis(300);
/// The kinds of messages, and what people read.
const KINDS: [(AlertKind, &str); 3] =
    [(AlertKind::Error, "Error"), (AlertKind::Ok, "OK"), (AlertKind::Reminder, "Reminder")];
/// Errors that are listed; more help nobody.
const MOST_ERRORS: usize = 8;

/// The card beside the form.
#[component]
pub(super) fn Preview(
    /// What the server filled in.
    given: CustomPreview,
    /// The integration; empty for a new one.
    integration: String,
    /// Whether what stands in the form is not what was filled in.
    changed: bool,
) -> impl IntoView {
    let editing = Editing::here();
    let (errors, warnings) = (given.errors.clone(), given.warnings.clone());
    // What nobody has filled in yet is no error of theirs: a new definition has no address.
    let untouched = integration.is_empty() && !changed;
    let shown = RwSignal::new(if untouched {
        CustomPreview { from: given.from, ..CustomPreview::default() }
    } else {
        given
    });
    editing.set_errors(if untouched { Vec::new() } else { all(&errors, &warnings) });
    follow(editing, shown, integration, changed);

    let unreadable = Memo::new(move |_| shown.with(is_unreadable));
    let errors = Memo::new(move |_| shown.with(|shown| shown.errors.clone()));
    let warnings = Memo::new(move |_| shown.with(|shown| shown.warnings.clone()));
    let from = Memo::new(move |_| shown.with(|shown| shown.from.clone()));
    let radios = KINDS.map(|(kind, words)| {
        view! {
            <label><input type="radio" name="preview" value=kind.as_str() checked=kind == AlertKind::Error/>{words}</label>
        }
    });
    let panels = KINDS.map(|(kind, words)| {
        let message = Memo::new(move |_| shown.with(|shown| of_kind(shown, kind).cloned()));
        let stale = move || unreadable.get() || message.with(|message| message.as_ref().is_some_and(fails));
        view! {
            <div class="sent" data-of=kind.as_str() data-stale=move || stale().then_some("true") role="group" aria-label=words>
                {move || message.get().map(|message| view! { <Message message errors=errors.get()/> })}
            </div>
        }
    });
    view! {
        <section class="card preview" id="preview">
            <header>
                <h2>"Preview"</h2>
                <div class="segments" role="radiogroup" aria-label="Message">{radios.collect_view()}</div>
            </header>
            <p class="muted small-print">
                {move || match from.get() {
                    Some((monitor, at)) => view! { "With the facts of the last alert: "{monitor}", "<Time at/>"." }.into_any(),
                    None => "With made-up facts: no alert is kept yet.".into_any(),
                }}
            </p>
            <noscript><p class="muted small-print">"This is what is saved; without scripts it does not follow what you type."</p></noscript>
            <div role="status">
                {move || (!errors.read().is_empty()).then(|| view! { <Places errors=errors.get() class="error"/> })}
                {move || (!warnings.read().is_empty()).then(|| view! { <Places errors=warnings.get() class="warning"/> })}
            </div>
            {panels.collect_view()}
            {move || shown.with(|shown| shown.messages.is_empty()).then(|| view! {
                <p class="muted">"Each request stands here as it would be sent, once the definition is filled in."</p>
            })}
        </section>
    }
}

/// Fills it in again a moment after the definition changes. In the browser only.
fn follow(editing: Editing, shown: RwSignal<CustomPreview>, integration: String, changed: bool) {
    let integration = StoredValue::new(integration);
    let round = StoredValue::new(0_u32);
    Effect::new(move |before: Option<(String, u32)>| {
        let now = (editing.text(), editing.looks());
        if before.as_ref().map_or(!changed, |before| *before == now) {
            return now;
        }
        let this = round.get_value().wrapping_add(1);
        round.set_value(this);
        let wanted = now.0.clone();
        let ask = move || {
            if round.try_get_value() != Some(this) {
                return;
            }
            let Some(integration) = integration.try_get_value() else { return };
            spawn_local(async move {
                let found = preview_custom(integration, wanted).await;
                // Somebody may have typed on, or gone.
                if round.try_get_value() != Some(this) {
                    return;
                }
                let found = found.unwrap_or_else(|error| CustomPreview {
                    errors: vec![FieldError::new("", format!("It could not be filled in. {error}"))],
                    ..CustomPreview::default()
                });
                editing.set_errors(all(&found.errors, &found.warnings));
                shown.update(|shown| *shown = merged(std::mem::take(shown), found));
            });
        };
        set_timeout(ask, PAUSE);
        now
    });
}

/// Errors before warnings: a field shows the first that is about it.
fn all(errors: &[FieldError], warnings: &[FieldError]) -> Vec<FieldError> {
    errors.iter().chain(warnings).cloned().collect()
}

/// The new preview, with what was good last in the place of what cannot be filled in.
fn merged(old: CustomPreview, new: CustomPreview) -> CustomPreview {
    if new.messages.is_empty() {
        return CustomPreview { errors: new.errors, ..old };
    }
    let keep = |message: PreviewedMessage| {
        if !fails(&message) {
            return message;
        }
        let steps = of_kind(&old, message.kind).map(|old| old.steps.clone()).unwrap_or_default();
        PreviewedMessage { steps, ..message }
    };
    CustomPreview { messages: new.messages.into_iter().map(keep).collect(), ..new }
}

fn of_kind(preview: &CustomPreview, kind: AlertKind) -> Option<&PreviewedMessage> {
    preview.messages.iter().find(|message| message.kind == kind)
}

fn fails(message: &PreviewedMessage) -> bool {
    !message.errors.is_empty()
}

/// Whether the definition as a whole could not be read.
fn is_unreadable(preview: &CustomPreview) -> bool {
    preview.errors.iter().any(|error| error.field.is_empty())
}

/// What is wrong, each with its place.
#[component]
fn Places(errors: Vec<FieldError>, class: &'static str) -> impl IntoView {
    let more = errors.len().saturating_sub(MOST_ERRORS);
    let row = |error: FieldError| {
        let place = (!error.field.is_empty()).then(|| view! { <code>{error.field}</code>": " });
        view! { <li><Icon name="alert"/><span>{place}{error.message}</span></li> }
    };
    view! {
        <ul class=format!("places {class}")>
            {errors.into_iter().take(MOST_ERRORS).map(row).collect_view()}
            {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}
        </ul>
    }
}

/// The requests of one kind of message.
#[component]
fn Message(message: PreviewedMessage, errors: Vec<FieldError>) -> impl IntoView {
    // What is listed above is not said twice.
    let own: Vec<_> = message.errors.iter().filter(|error| !errors.contains(error)).cloned().collect();
    let nothing = message.steps.is_empty() && message.errors.is_empty();
    let many = message.steps.len() > 1;
    let steps = message.steps.into_iter().enumerate().map(move |(index, step)| {
        view! { <Request step number=many.then_some(index + 1)/> }
    });
    view! {
        {(!own.is_empty()).then(|| view! { <Places errors=own class="error"/> })}
        {nothing.then(|| view! { <p class="muted">"Nothing is sent: no definition is ticked for it."</p> })}
        {steps.collect_view()}
    }
}

/// One request.
#[component]
fn Request(step: PreviewedStep, number: Option<usize>) -> impl IntoView {
    let PreviewedStep { name, auth, request } = step;
    let title = match (number, name.is_empty()) {
        (Some(number), true) => Some(format!("Step {number}")),
        (Some(number), false) => Some(format!("Step {number}: {name}")),
        (None, true) => None,
        (None, false) => Some(name),
    };
    let headers = request.headers.into_iter().map(|(name, value)| {
        view! { <dt>{name}</dt><dd>{value}</dd> }
    });
    let auth = (!auth.is_empty()).then(|| view! { <dt>"Authentication"</dt><dd>{auth}</dd> });
    view! {
        <div class="request">
            {title.map(|title| view! { <h3>{title}</h3> })}
            <p class="request-line"><strong>{request.method}</strong>" "<code>{request.url}</code></p>
            <dl>{headers.collect_view()}{auth}</dl>
            {(!request.body.is_empty()).then(|| view! { <pre class="code" tabindex="0" role="region" aria-label="Body">{request.body}</pre> })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use domain::custom::ShownRequest;

    use super::*;

    fn preview(error_url: &str, wrong: Option<&str>) -> CustomPreview {
        let request = ShownRequest {
            method: "POST".to_owned(),
            url: error_url.to_owned(),
            headers: Vec::new(),
            body: String::new(),
        };
        let step = PreviewedStep { name: String::new(), auth: String::new(), request };
        let errors: Vec<_> = wrong.iter().map(|wrong| FieldError::new("definitions[0]", *wrong)).collect();
        let steps = if errors.is_empty() { vec![step] } else { Vec::new() };
        let messages = vec![PreviewedMessage { kind: AlertKind::Error, steps, errors: errors.clone() }];
        CustomPreview { messages, errors, ..CustomPreview::default() }
    }

    #[test]
    fn the_last_good_preview_stays_while_something_is_wrong() {
        let good = preview("https://one.example.org/", None);
        let broken =
            CustomPreview { errors: vec![FieldError::new("", "no JSON")], ..CustomPreview::default() };
        let kept = merged(good.clone(), broken);
        assert!(is_unreadable(&kept));
        assert_eq!(kept.messages, good.messages);

        let wrong = merged(kept, preview("", Some("nothing is known of this name")));
        assert!(!is_unreadable(&wrong) && fails(&wrong.messages[0]));
        assert_eq!(wrong.messages[0].steps, good.messages[0].steps);
        let again = preview("https://two.example.org/", None);
        assert_eq!(merged(wrong, again.clone()), again);
    }
}
