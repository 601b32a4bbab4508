//! The status page being arranged: its name, its groups, and components that follow monitors; these are shown page by page.

mod adding;
mod component;
mod edit;
mod group;
mod identity;
mod shown;

use domain::views::console::{EditorQuery, MonitorChoices, PageEditor as View};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use self::adding::Drafts;
use self::group::{AddGroup, GroupCard};
use self::identity::Identity;
use self::shown::Shown;
use crate::components::again::Again;
use crate::components::choices::{Choices, Find};
use crate::components::figures;
use crate::components::find::MANY;
use crate::components::icon::Icon;
use crate::components::kept::Kept;
use crate::components::listing::{self, ListSearch, NoMatch, Pager, hidden};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::state::ComponentPill;
use crate::live::LiveFeed;
use crate::server_fns::page::{PATH, read_page};

/// The page.
#[component]
pub fn PageEditor() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let again = Again::provide();
    let choices = Choices::provide();
    Drafts::provide();
    let params = use_query_map();
    let query = Memo::new(move |_| {
        let params = params.read();
        let edit = params.get("edit").unwrap_or_default();
        EditorQuery { search: listing::search(&params), page: listing::page(&params), edit }
    });
    let view = Resource::new(
        move || (query.get(), again.count(), feed.generation.get()),
        move |(query, ..)| read_page(query, choices.search()),
    );
    view! {
        <PageTitle text="Status page"/>
        <Kept from=view whole=true let:view><Body view query/></Kept>
    }
}

/// What is shown, once it is read. Forms stay as they are when it is read again.
#[component]
fn Body(view: RwSignal<(View, MonitorChoices)>, query: Memo<EditorQuery>) -> impl IntoView {
    let choices = Choices::here();
    choices.offer(view.with_untracked(|(_, offered)| offered.clone()));
    Effect::new(move || choices.offer(view.with(|(_, offered)| offered.clone())));
    let shown = Shown::provide(view);
    let listed = listing::asked();
    let facts = Memo::new(move |_| view.with(|(view, _)| (view.state, view.total, view.groups.len())));
    let is_edited = Memo::new(move |_| query.with(|query| !query.edit.is_empty()));
    // Drawn anew for another component only: what is typed into the form stays when the list is read again.
    let edited = Memo::new(move |_| {
        let asked = query.with(|query| query.edit.clone());
        view.with(|(view, _)| {
            (!asked.is_empty() && asked == view.edit).then_some((asked, view.edited.is_some()))
        })
    });
    let editor = move |(_, is_there): (String, bool)| {
        let (component, groups) = view.with_untracked(|(view, _)| (view.edited.clone(), view.groups.clone()));
        match component.filter(|_| is_there) {
            Some(component) => view! { <edit::EditComponent component groups/> }.into_any(),
            None => view! { <Gone/> }.into_any(),
        }
    };
    let is_long = Memo::new(move |_| {
        !is_edited.get() && view.with(|(view, _)| view.total >= MANY || !view.search.is_empty())
    });
    let finds = move || !is_edited.get() && !shown.is_searched() && choices.are_partial();
    let found = Memo::new(move |_| {
        view.with(|(view, _)| (view.search.clone(), view.places, view.total, view.page, view.per_page))
    });
    let pages = move || {
        let (search, found, total, page, per_page) = found.get();
        if found == 0 && !search.is_empty() {
            let hidden = hidden(total, "component");
            return Some(view! { <NoMatch thing="component" search hidden all=PATH/> }.into_any());
        }
        let to = {
            let search = search.clone();
            move |page| listing::address(PATH, &search, page)
        };
        let has_pages = found > i64::from(per_page) || !search.is_empty();
        has_pages.then(|| view! { <Pager page per_page found thing="component" to/> }.into_any())
    };
    view! {
        <PageHead title="Status page"
            actions=|| view! { <a class="button" href="/" rel="external">"Open the page" <Icon name="external"/></a> }
            facts=move || move || {
                let (state, components, groups) = facts.get();
                let groups = i64::try_from(groups).unwrap_or(0);
                let facts = format!("{} in {}", figures::count(components, "component"), figures::count(groups, "group"));
                view! { <ComponentPill state/><span>{facts}</span> }
            }/>
        <Show when=move || is_long.get()><ListSearch path=PATH query=listed placeholder="Search component or group"/></Show>
        <div class="stack">
            <For each=move || edited.get() key=Clone::clone children=editor/>
            <Show when=finds><Find alone=true/></Show>
            <For each=move || shown.parts() key=Clone::clone let:group><GroupCard group/></For>
            {pages}
            <AddGroup/>
            <Identity view=view.with_untracked(|(view, _)| view.clone())/>
        </div>
    }
}

/// Stands for a component that is asked for and is not there. On the server it also gives the page its status.
#[component]
fn Gone() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::context::status(&crate::error::AppError::NotFound);
    let shown = Shown::here();
    view! {
        <section class="empty">
            <Icon name="search"/>
            <h2>"This component is not here"</h2>
            <p>"The address may be mistyped, or it was deleted."</p>
            <div class="button-row"><a class="button" href=move || shown.list()>"To the status page"</a></div>
        </section>
    }
}
