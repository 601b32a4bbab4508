//! The status page being arranged: its name, its groups, and components that follow monitors.

mod component;
mod edit;
mod group;
mod identity;

use domain::id::GroupId;
use domain::views::console::{ComponentRow, PageEditor as View};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use self::group::{AddGroup, GroupCard, Unfolded};
use self::identity::Identity;
use crate::components::again::Again;
use crate::components::choices::{Choices, Find};
use crate::components::figures;
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::state::ComponentPill;
use crate::live::LiveFeed;
use crate::server_fns::page::read_page;

/// The page.
#[component]
pub fn PageEditor() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let again = Again::provide();
    let choices = Choices::provide();
    provide_context(Unfolded(RwSignal::default()));
    let query = use_query_map();
    let edited = Memo::new(move |_| query.read().get("edit"));
    let view =
        Resource::new(move || (again.count(), feed.generation.get()), move |_| read_page(choices.search()));
    view! {
        <PageTitle text="Status page"/>
        <Loaded from=view whole=true let:read>
            {
                let (view, offered) = read;
                choices.offer(offered);
                view! { <Body view edited/> }
            }
        </Loaded>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: View, edited: Memo<Option<String>>) -> impl IntoView {
    let choices = Choices::here();
    let worst = domain::status_page::worst(view.components.iter().map(|component| component.state));
    let number = i64::try_from(view.components.len()).unwrap_or(i64::MAX);
    let facts = format!(
        "{} in {}",
        figures::count(number, "component"),
        figures::count(i64::try_from(view.groups.len()).unwrap_or(0), "group")
    );
    let editor = {
        let view = view.clone();
        move || {
            let component = edited
                .get()
                .and_then(|id| view.components.iter().find(|known| known.id.as_str() == id).cloned());
            match component {
                Some(component) => {
                    view! { <edit::EditComponent component groups=view.groups.clone()/> }.into_any()
                }
                None if edited.with(Option::is_some) => view! { <Gone/> }.into_any(),
                None => ().into_any(),
            }
        }
    };
    let last = view.groups.len().saturating_sub(1);
    let cards = view.groups.iter().enumerate().map(|(i, group)| {
        let components = of_group(&view.components, Some(&group.id));
        view! { <GroupCard group=Some(group.clone()) components first=i == 0 last=i == last/> }
    });
    let cards = cards.collect_view();
    let loose = of_group(&view.components, None);
    view! {
        <PageHead title="Status page"
            actions=|| view! { <a class="button" href="/" rel="external">"Open the page" <Icon name="external"/></a> }
            facts=move || view! { <ComponentPill state=worst/><span>{facts}</span> }/>
        <div class="stack">
            {editor}
            <Show when=move || edited.get().is_none() && choices.are_partial()><Find alone=true/></Show>
            <GroupCard group=None components=loose first=true last=true/>
            {cards}
            <AddGroup/>
            <Identity view/>
        </div>
    }
}

/// Stands for a component that is asked for and is not there. On the server it also gives the page its status.
#[component]
fn Gone() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::context::status(&crate::error::AppError::NotFound);
    view! {
        <section class="empty">
            <Icon name="search"/>
            <h2>"This component is not here"</h2>
            <p>"The address may be mistyped, or it was deleted."</p>
            <div class="button-row"><a class="button" href="/console/page">"To the status page"</a></div>
        </section>
    }
}

fn of_group(components: &[ComponentRow], group: Option<&GroupId>) -> Vec<ComponentRow> {
    components.iter().filter(|component| component.group.as_ref() == group).cloned().collect()
}
