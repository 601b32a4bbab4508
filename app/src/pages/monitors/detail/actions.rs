//! Pausing, resuming and deleting a monitor.

use domain::id::MonitorId;
use leptos::prelude::*;

use crate::call::Call;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::toast::Toasts;
use crate::server_fns::monitor::{DeleteMonitor, PauseMonitor, ResumeMonitor};

/// The id of the dialog.
const DELETE: &str = "delete";

/// Pauses a monitor that is checked, resumes one that is not.
#[component]
pub(super) fn PauseOrResume(monitor: MonitorId, paused: bool) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let (pause, resume) = (Call::to::<PauseMonitor>(), Call::to::<ResumeMonitor>());
    Effect::new(move || {
        if pause.value().with(|value| matches!(value, Some(Ok(())))) {
            toasts.say("Paused");
        }
    });
    Effect::new(move || {
        if resume.value().with(|value| matches!(value, Some(Ok(())))) {
            toasts.say("Checked again");
        }
    });
    let id = monitor.to_string();
    if paused {
        view! {
            <SendForm action=resume id="pause" class="">
                <input type="hidden" name="monitor" value=id/>
                <Submit class="button"><Icon name="play"/>"Resume"</Submit>
            </SendForm>
        }
        .into_any()
    } else {
        view! {
            <SendForm action=pause id="pause" class="">
                <input type="hidden" name="monitor" value=id/>
                <Submit class="button"><Icon name="pause"/>"Pause"</Submit>
            </SendForm>
        }
        .into_any()
    }
}

/// Deletes a monitor, after a question that names it.
#[component]
pub(super) fn Delete(monitor: MonitorId, name: String) -> impl IntoView {
    let (toasts, said) = (expect_context::<Toasts>(), format!("“{name}” was deleted"));
    let action = Call::to::<DeleteMonitor>().then(move || toasts.say(said.clone()));
    let does = format!("Delete {name}");
    view! {
        <Ask dialog=DELETE class="button danger icon-only" label=does.clone()><Icon name="trash"/></Ask>
        <Confirm id=DELETE title=format!("Delete “{name}”?")
            text="Its results go with it, and components stop following it. Its incidents stay in the history. This cannot be undone.">
            <SendForm action id="delete-form" class="">
                <input type="hidden" name="monitor" value=monitor.to_string()/>
                <Submit class="button danger solid">{does}</Submit>
            </SendForm>
        </Confirm>
    }
}
