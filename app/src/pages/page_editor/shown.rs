//! What of the page is shown, for the cards and forms within it.

use domain::id::GroupId;
use domain::views::console::{ComponentLine, GroupRow, MonitorChoices, PageEditor as View};
use leptos::prelude::*;

use crate::components::listing;
use crate::server_fns::page::PATH;

/// A component in the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    pub(super) component: ComponentLine,
    /// Whether it is the first one of its group, on whatever page.
    pub(super) first: bool,
    /// Whether it is the last one.
    pub(super) last: bool,
    /// Whether it can be moved: among what a search leaves, nobody sees what one place up is.
    pub(super) is_movable: bool,
}

/// A group in the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) group: GroupRow,
    /// Whether it is the first one of the page.
    pub(super) first: bool,
    /// Whether it is the last one.
    pub(super) last: bool,
}

/// What was read last, in the context.
#[derive(Clone, Copy)]
pub(super) struct Shown(RwSignal<(View, MonitorChoices)>);

impl Shown {
    pub(super) fn provide(view: RwSignal<(View, MonitorChoices)>) -> Self {
        let shown = Self(view);
        provide_context(shown);
        shown
    }

    pub(super) fn here() -> Self {
        expect_context()
    }

    /// The groups that are shown; `None` is for components that stand in none.
    pub(super) fn parts(self) -> Vec<Option<GroupId>> {
        self.0.with(|(view, _)| view.parts.iter().map(|part| part.group.clone()).collect())
    }

    /// Whether a search hides some of the components.
    pub(super) fn is_searched(self) -> bool {
        self.0.with(|(view, _)| view.is_searched())
    }

    /// What is searched for, and the page of the list.
    pub(super) fn place(self) -> (String, u32) {
        self.0.with(|(view, _)| (view.search.clone(), view.page))
    }

    /// The address of the list as it is shown.
    pub(super) fn list(self) -> String {
        let (search, page) = self.place();
        listing::address(PATH, &search, page)
    }

    /// The address of the form of a component.
    pub(super) fn edit(self, id: &str) -> String {
        let list = self.list();
        let separator = if list.contains('?') { '&' } else { '?' };
        format!("{list}{separator}edit={id}")
    }

    pub(super) fn head(self, group: &GroupId) -> Option<Head> {
        self.0.with(|(view, _)| {
            let place = view.groups.iter().position(|known| known.id == *group)?;
            let (first, last) = (place == 0, place + 1 == view.groups.len());
            Some(Head { group: view.groups[place].clone(), first, last })
        })
    }

    /// The components of a group on this page.
    pub(super) fn lines(self, group: Option<&GroupId>) -> Vec<Line> {
        self.0.with(|(view, _)| {
            let part = view.parts.iter().find(|part| part.group.as_ref() == group);
            let lines = part.into_iter().flat_map(|part| {
                part.lines.iter().zip(part.before + 1..).map(|(line, place)| Line {
                    component: line.clone(),
                    first: place == 1,
                    last: place == part.all,
                    is_movable: !view.is_searched(),
                })
            });
            lines.collect()
        })
    }

    /// Which of the components of a group stand on this page, when others stand on another one: "31–50 of 120".
    pub(super) fn range(self, group: Option<&GroupId>) -> Option<String> {
        self.0.with(|(view, _)| {
            let part = view.parts.iter().find(|part| part.group.as_ref() == group)?;
            let shown = i64::try_from(part.lines.len()).unwrap_or(part.all);
            (shown < part.all).then(|| format!("{}–{} of {}", part.before + 1, part.before + shown, part.all))
        })
    }
}

/// Tells a function which page of the list is shown, and what it is searched for.
#[component]
pub(super) fn Here() -> impl IntoView {
    let shown = Shown::here();
    let place = Memo::new(move |_| shown.place());
    view! {
        <input type="hidden" name="q" value=move || place.get().0/>
        <input type="hidden" name="at" value=move || place.get().1.to_string()/>
    }
}
