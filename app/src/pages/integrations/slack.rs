//! Adding a channel of Slack with two clicks, where the installation has an app there.

use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::notice::{Notice, Tone};
use crate::flash;
use crate::server_fns::integrations::read_slack;

/// The id of the form.
pub const SLACK: &str = "slack";

/// The button; nothing where there is no app. A plain form: the browser leaves the console and comes back.
#[component]
pub(super) fn AddToSlack() -> impl IntoView {
    let error = flash::take(SLACK).and_then(|flash| flash.error);
    let app = Resource::new(|| (), |()| read_slack());
    view! {
        {error.map(|error| view! { <Notice tone=Tone::Bad title=error.to_string()/> })}
        <Loaded from=app let:is_there>
            {is_there.then(|| view! {
                <form id=SLACK class="card form" method="post" action="/console/slack/add">
                    <p>"Slack asks which channel, and you are back here. Without the button: paste a token or a webhook below."</p>
                    <div class="form-foot"><button class="button primary"><Icon name="plus"/>"Add to Slack"</button></div>
                </form>
            })}
        </Loaded>
    }
}
