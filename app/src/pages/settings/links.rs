//! Where links in messages lead, why, and how to change it.

use domain::views::console::{LinkAddress, LinkSource};
use leptos::prelude::*;

use crate::call::Call;
use crate::components::again::Again;
use crate::components::form::{SendForm, Submit};
use crate::components::input::TextField;
use crate::components::loaded::Loaded;
use crate::components::notice::{Notice, Tone};
use crate::server_fns::account::{SetLinks, read_links};

/// The card.
#[component]
pub(super) fn Links() -> impl IntoView {
    let again = Again::here();
    let links = Resource::new(move || again.count(), |_| read_links());
    view! {
        <section class="card stack" aria-labelledby="links-title">
            <header><h2 id="links-title">"Links in messages"</h2></header>
            <Loaded from=links let:links><Used links/></Loaded>
        </section>
    }
}

/// What is used, and what can be done about it.
#[component]
fn Used(links: LinkAddress) -> impl IntoView {
    let source = links.used.as_ref().map(|(_, source)| *source);
    let is_fixed = source == Some(LinkSource::Configuration);
    let here = links.here.filter(|here| !is_fixed && links.used.as_ref().is_none_or(|(url, _)| url != here));
    let used = match links.used {
        Some((url, source)) => view! {
            <p class="used">"They begin with "<code>{url}</code>". "{because(source)}</p>
        }
        .into_any(),
        None => view! {
            <Notice tone=Tone::Warning title="Messages have no links" text="Pharos does not know its own address: write it here, or log in where everybody does."/>
        }
        .into_any(),
    };
    view! {
        {used}
        {links.only_here.then(|| view! {
            <Notice tone=Tone::Warning title="This address opens on this machine only"
                text="Whoever reads a message elsewhere gets nowhere. Log in where everybody does, or write that address here."/>
        })}
        {here.map(|here| view! { <UseHere here/> })}
        {(!is_fixed).then(|| view! { <Write/> })}
        {(!is_fixed && source.is_some()).then(|| view! { <Forget/> })}
    }
}

/// Why they begin so.
fn because(source: LinkSource) -> &'static str {
    match source {
        LinkSource::Configuration => "The configuration says so: server.base_url.",
        LinkSource::Operator => "Somebody wrote it here.",
        LinkSource::LogIn => {
            "Somebody logged in there; a better address takes its place with the next log-in."
        }
    }
}

/// The address where the operator is.
#[component]
fn UseHere(here: String) -> impl IntoView {
    let action = Call::to::<SetLinks>();
    Again::here().after(action);
    view! {
        <SendForm action id="links-here" class="">
            <input type="hidden" name="url" value=here.clone()/>
            <Submit class="button">"Use "{here}</Submit>
        </SendForm>
    }
}

/// Another address.
#[component]
fn Write() -> impl IntoView {
    let action = Call::to::<SetLinks>();
    Again::here().after(action);
    view! {
        <SendForm action id="links">
            <TextField name="url" label="Another address" kind="url" placeholder="https://status.example.org"
                hint="Scheme, host and port, as people open it in a browser."/>
            <div class="form-foot"><Submit class="button">"Use this address"</Submit></div>
        </SendForm>
    }
}

/// Lets the next log-in decide.
#[component]
fn Forget() -> impl IntoView {
    let action = Call::to::<SetLinks>();
    Again::here().after(action);
    view! {
        <SendForm action id="links-forget" class="">
            <input type="hidden" name="url" value=""/>
            <Submit class="button quiet">"Forget it; the next log-in decides"</Submit>
        </SendForm>
    }
}
