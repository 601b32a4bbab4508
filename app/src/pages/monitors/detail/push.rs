//! The address that a job calls, and how to call it.

use leptos::prelude::*;

use crate::browser;
use crate::components::icon::Icon;
use crate::components::time::Clock;

/// Languages and the call in each; `URL` stands for the address.
const SNIPPETS: [(&str, &str); 5] = [
    ("Shell", "curl -fsS -m 10 --retry 3 URL"),
    ("Start and exit code", "curl -fsS URL/start\n./backup.sh\ncurl -fsS URL/$?"),
    ("cron", "0 2 * * * /usr/local/bin/backup.sh; curl -fsS -m 10 URL/$?"),
    ("Python", "import urllib.request\nurllib.request.urlopen(\"URL\", timeout=10)"),
    ("PowerShell", "Invoke-RestMethod -Uri URL -TimeoutSec 10"),
];

/// The address, and snippets.
#[component]
pub(super) fn PushUrl(path: String) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let url = Memo::new(
        move |_| if clock.is_alive() { format!("{}{path}", browser::origin()) } else { path.clone() },
    );
    let snippets = SNIPPETS.map(|(language, call)| {
        view! {
            <details class="fold">
                <summary><Icon name="chevron-right"/>{language}</summary>
                <pre class="code" tabindex="0">{move || call.replace("URL", &url.get())}</pre>
            </details>
        }
    });
    view! {
        <section class="card">
            <header><h2>"Heartbeat"</h2></header>
            <div class="form">
                <div class="field">
                    <label for="push-url">"The job calls this address when it is done"</label>
                    <div class="join">
                        <input class="input mono" id="push-url" readonly value=move || url.get()/>
                        <button class="button icon-only" type="button" aria-label="Copy the address"
                            on:click=move |_| browser::copy(&url.get_untracked())><Icon name="copy"/></button>
                    </div>
                    <p class="hint">"Add /start when it begins, /fail when it failed, or its exit code. Whoever knows the address may call it."</p>
                </div>
                {snippets.collect_view()}
            </div>
        </section>
    }
}
