//! The address that a job calls, how to call it, and when the next call is due.

use domain::id::MonitorId;
use domain::time::{SECOND, Timestamp};
use domain::views::console::Heartbeat;
use leptos::prelude::*;

use crate::browser::{self, Shape};
use crate::call::Call;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::time::{Clock, Time};
use crate::components::toast::Toasts;
use crate::server_fns::monitor::RenewHeartbeat;
use crate::words;

/// Languages and the call in each; `URL` stands for the address, `WHEN` for the times of a crontab.
const SNIPPETS: [(&str, &str); 5] = [
    ("Shell", "curl -fsS -m 10 --retry 3 URL"),
    ("Start and exit code", "curl -fsS URL/start\n./backup.sh\ncurl -fsS URL/$?"),
    ("cron", "WHEN /usr/local/bin/backup.sh; curl -fsS -m 10 URL/$?"),
    ("Python", "import urllib.request\nurllib.request.urlopen(\"URL\", timeout=10)"),
    ("PowerShell", "Invoke-RestMethod -Uri URL -TimeoutSec 10"),
];
/// The id of the dialog.
const RENEW: &str = "renew";

/// The address, and snippets.
#[component]
pub(super) fn PushUrl(
    /// Of which monitor.
    monitor: MonitorId,
    /// The address as it was read.
    heartbeat: Heartbeat,
    /// When the next call is due, as far as is known now.
    due: RwSignal<Option<Timestamp>>,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let Heartbeat { path, crontab, crontab_zone, grace_s, due_at, .. } = heartbeat;
    let was_called = due_at.is_some();
    let url = Memo::new(
        move |_| if clock.is_alive() { format!("{}{path}", browser::origin()) } else { path.clone() },
    );
    let snippets = SNIPPETS.into_iter().filter_map(|(language, call)| {
        let zone = crontab_zone.clone().filter(|_| call.contains("WHEN"));
        let call = match &crontab {
            Some(times) => call.replace("WHEN", times),
            // No line of a crontab says such times.
            None if call.contains("WHEN") => return None,
            None => call.to_owned(),
        };
        Some(view! {
            <details class="fold">
                <summary><Icon name="chevron-right"/>{language}</summary>
                <pre class="code" tabindex="0">{move || call.replace("URL", &url.get())}</pre>
                {zone.map(|zone| view! { <CrontabZone zone/> })}
            </details>
        })
    });
    let grace = words::duration(i64::from(grace_s) * SECOND);
    let next = move || match due.get() {
        Some(at) => {
            let grace = grace.clone();
            view! { <p class="hint" id="push-due">"The next call is due by "<Time at shape=Shape::Full/>"; the monitor is down when none came within "{grace}" after that."</p> }.into_any()
        }
        None if was_called => ().into_any(),
        None => view! { <p class="hint" id="push-due">"It waits for the first call."</p> }.into_any(),
    };
    view! {
        <section class="card">
            <header>
                <h2>"Heartbeat"</h2>
                <Ask dialog=RENEW class="button small" label="New address"><Icon name="refresh"/>"New address"</Ask>
            </header>
            <div class="form">
                <div class="field">
                    <label for="push-url">"The job calls this address when it is done"</label>
                    <div class="join">
                        <input class="input mono" id="push-url" readonly value=move || url.get()/>
                        <button class="button icon-only" type="button" aria-label="Copy the address"
                            on:click=move |_| browser::copy(&url.get_untracked())><Icon name="copy"/></button>
                    </div>
                    <p class="hint">"Add /start when it begins, /fail when it failed, or its exit code. Whoever knows the address may call it."</p>
                    {next}
                </div>
                {snippets.collect_view()}
            </div>
        </section>
        <Renew monitor/>
    }
}

/// A crontab knows the zone of its machine only.
#[component]
fn CrontabZone(zone: String) -> impl IntoView {
    let line = format!("CRON_TZ={zone}");
    view! {
        <p class="hint">
            "A crontab runs by the zone of its machine, and these times are of "{zone}". Where the two differ, change the times, or write "
            <code>{line}</code>" above the line: only some crons know it."
        </p>
    }
}

/// Gives the monitor another address, after a question.
#[component]
fn Renew(monitor: MonitorId) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let action = Call::to::<RenewHeartbeat>();
    Effect::new(move || {
        if action.value().with(|value| matches!(value, Some(Ok(())))) {
            toasts.say("It has a new address");
            browser::close_dialog(RENEW);
        }
    });
    view! {
        <Confirm id=RENEW title="Give it a new address?"
            text="The one it has answers 404 from then on: whatever calls it must call the new one. Its history stays.">
            <SendForm action id="renew" class="">
                <input type="hidden" name="monitor" value=monitor.to_string()/>
                <Submit class="button danger solid">"New address"</Submit>
            </SendForm>
        </Confirm>
    }
}
