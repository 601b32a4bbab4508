//! What does not fit below a thumb.

use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::nav::more;
use crate::components::page_head::{PageHead, PageTitle};

/// The page.
#[component]
pub fn More() -> impl IntoView {
    let links = more().map(|(path, words, icon)| {
        view! {
            <li><a class="provider" href=path><span class="tile-icon"><Icon name=icon/></span>
                <span class="words"><strong>{words}</strong></span><Icon name="chevron-right"/></a></li>
        }
    });
    view! {
        <PageTitle text="More"/>
        <PageHead title="More"/>
        <ul class="gallery">{links.collect_view()}</ul>
    }
}
