//! Every provider, to choose from.

use domain::integration::ProviderKind;
use leptos::prelude::*;

use crate::components::icon::Icon;

/// Cards with what each is for. `to` is the address that a kind is put behind.
#[component]
pub fn Gallery(
    /// The address that the name of a provider is put behind.
    to: &'static str,
) -> impl IntoView {
    let card = move |kind: &ProviderKind| {
        view! {
            <li><a class="provider" href=format!("{to}{kind}")>
                <span class="tile-icon"><Icon name=kind.icon()/></span>
                <span class="words"><strong>{kind.label()}</strong><span>{kind.description()}</span></span>
                <Icon name="chevron-right"/>
            </a></li>
        }
    };
    view! { <ul class="gallery">{ProviderKind::ALL.iter().map(card).collect_view()}</ul> }
}
