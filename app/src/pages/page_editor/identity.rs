//! What the page is called, its logo, and the zone in which it counts days.

use domain::views::console::PageEditor as View;
use leptos::prelude::*;

use crate::call::Call;
use crate::components::form::FormState;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{Described, FieldFrame, TextField};
use crate::components::leave::Guard;
use crate::components::notice::{Notice, Tone};
use crate::flash;
use crate::server_fns::page::SavePage;

/// Zones that are offered; any other IANA name may be typed.
const ZONES: [&str; 24] = [
    "UTC",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Warsaw",
    "Pacific/Auckland",
];

/// The cards.
#[component]
pub(super) fn Identity(view: View) -> impl IntoView {
    let save = Call::to::<SavePage>();
    view! {
        <div class="stack narrow">
            <SendForm action=save id="page" class="card form" said="Saved" guard=Guard::Path>
                <header><h2>"Name and time"</h2></header>
                <TextField name="name" label="Name" value=view.name/>
                <TextField name="description" label="Description" value=view.description optional=true hint="A sentence below the name."/>
                <ZoneField value=view.time_zone/>
                <div class="form-foot"><Submit>"Save"</Submit></div>
            </SendForm>
            <Logo slug=view.slug version=view.logo/>
        </div>
    }
}

/// The zone.
#[component]
fn ZoneField(value: String) -> impl IntoView {
    let control = Described::field("time_zone", true);
    let value = FormState::here().value("time_zone", value);
    view! {
        <FieldFrame name="time_zone" label="Time zone" hint="Days of the bars begin at midnight here. Any IANA name, such as Europe/Berlin.">
            <input class="input" id=control.id.clone() name=control.name.clone() value=value list="zones" autocomplete="off"
                aria-invalid=control.invalid() aria-describedby=control.by()/>
            <datalist id="zones">{ZONES.map(|zone| view! { <option value=zone></option> }).collect_view()}</datalist>
        </FieldFrame>
    }
}

/// The logo. Files travel by a plain form: the edge takes them and comes back.
#[component]
fn Logo(slug: String, version: Option<i64>) -> impl IntoView {
    let flash = flash::take("logo");
    let notice = flash.map(|flash| match flash.error {
        Some(error) => view! { <Notice tone=Tone::Bad title="The logo was not taken" text=error.of_field("logo").map_or_else(|| error.to_string(), str::to_owned)/> },
        None => view! { <Notice tone=Tone::Good title="Saved" text=""/> },
    });
    view! {
        <form class="card form" method="post" action="/console/page/logo" enctype="multipart/form-data">
            <header><h2>"Logo"</h2></header>
            {notice}
            {version.map(|version| view! { <img src=format!("/logo/{slug}?v={version}") alt="The present logo" height="28"/> })}
            <div class="field">
                <label for="logo">"File"</label>
                <input class="input" id="logo" type="file" name="logo" accept="image/png,image/jpeg,image/webp,image/gif"/>
                <p class="hint">"PNG, JPEG, WebP or GIF, at most 256 kB, shown 28 px high."</p>
            </div>
            <div class="form-foot">
                <button class="button primary"><Icon name="upload"/>"Upload"</button>
                {version.map(|_| view! { <button class="button" name="remove" value="true">"Remove"</button> })}
            </div>
        </form>
    }
}
