//! The editor of the status page: its groups, and its components page by page.

use std::collections::HashMap;

use domain::id::{ComponentId, ComponentKey, GroupId, GroupKey};
use domain::person::Viewer;
use domain::status_page::{follow, worst};
use domain::views::console::{
    ComponentLine, ComponentRow, EditorPart, EditorQuery, FOLLOWED_NAMED, GroupRow, MonitorChoice, PER_PAGE,
    PageEditor,
};

use super::pages::edited;
use super::{Result, ServiceError, Services, operator, place};
use crate::store::components::{self, Component};
use crate::store::pages::Page;
use crate::store::views::editor::{self, Placed};
use crate::store::{Tx, views};

impl Services {
    /// What the editor of the page at `/` shows of one page of its components.
    pub async fn page_editor(&self, viewer: &Viewer, query: &EditorQuery) -> Result<PageEditor> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let page = edited(&mut tx).await?;
        let groups = components::groups(&mut tx, page.key).await?;
        let mut shown = editor::placed(&mut tx, page.key).await?;
        let monitors = editor::states(&mut tx, page.key).await?;
        let states: HashMap<_, _> = shown
            .iter()
            .map(|one| {
                let followed = monitors.get(&one.key).map(Vec::as_slice).unwrap_or_default();
                (one.key, one.by_hand.unwrap_or_else(|| follow(followed)))
            })
            .collect();
        let total = count(shown.len());
        let is_searched = query.is_searched();
        if is_searched {
            let found = editor::found(&mut tx, page.key, &query.search).await?;
            shown.retain(|one| found.contains(&one.key));
        }
        let found = count(shown.len());
        let mut sections = sections(&shown, groups.iter().map(|group| group.key));
        if is_searched {
            sections.retain(|section| !section.keys.is_empty());
        }
        let places = sections.iter().map(Section::places).sum();
        let (at, offset) = place(query.page, places, PER_PAGE);
        let parts = parts(&sections, offset);
        let named: Vec<_> = parts.iter().flat_map(|part| &part.keys).copied().collect();
        let mut lines = editor::lines(&mut tx, &named, FOLLOWED_NAMED).await?;
        let by_hand: HashMap<_, _> = shown.iter().map(|one| (one.key, one.by_hand)).collect();
        let mut line = |key: ComponentKey| {
            let line = lines.remove(&key)?;
            Some(ComponentLine {
                id: line.id,
                name: line.name,
                monitors: line.monitors,
                followed: line.followed,
                by_hand: by_hand.get(&key).copied().flatten(),
                state: *states.get(&key)?,
            })
        };
        let parts = parts
            .into_iter()
            .map(|part| EditorPart {
                group: part
                    .group
                    .and_then(|key| groups.iter().find(|group| group.key == key))
                    .map(|group| group.id.clone()),
                before: part.before,
                all: part.all,
                lines: part.keys.into_iter().filter_map(&mut line).collect(),
            })
            .collect();
        let edited = match query.edit.parse() {
            Ok(id) => row(&mut tx, &page, &id).await?,
            Err(_) => None,
        };
        Ok(PageEditor {
            slug: page.head.slug,
            name: page.head.name,
            description: page.head.description.unwrap_or_default(),
            time_zone: page.head.time_zone,
            logo: page.head.logo,
            state: worst(states.into_values()),
            groups: groups.into_iter().map(|group| GroupRow { id: group.id, name: group.name }).collect(),
            parts,
            search: query.search.clone(),
            found,
            total,
            places,
            page: at,
            per_page: PER_PAGE,
            edit: query.edit.clone(),
            edited,
        })
    }

    /// The page of the editor, from 1 on, that a component stands on.
    pub async fn component_page(&self, viewer: &Viewer, id: &ComponentId) -> Result<u32> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let page = edited(&mut tx).await?;
        let component = components::by_id(&mut tx, page.key, id).await?.ok_or(ServiceError::NotFound)?;
        let groups = components::groups(&mut tx, page.key).await?;
        let all = editor::placed(&mut tx, page.key).await?;
        let mut before = 0;
        for section in sections(&all, groups.iter().map(|group| group.key)) {
            if let Some(place) = section.keys.iter().position(|key| *key == component.key) {
                return Ok(page_at(before + count(place)));
            }
            before += section.places();
        }
        Err(ServiceError::NotFound)
    }

    /// The page of the editor, from 1 on, that a group begins on.
    pub async fn group_page(&self, viewer: &Viewer, id: &GroupId) -> Result<u32> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let page = edited(&mut tx).await?;
        let groups = components::groups(&mut tx, page.key).await?;
        let group = groups.iter().find(|group| group.id == *id).ok_or(ServiceError::NotFound)?.key;
        let all = editor::placed(&mut tx, page.key).await?;
        let sections = sections(&all, groups.iter().map(|group| group.key));
        let before = sections.iter().take_while(|section| section.group != Some(group));
        Ok(page_at(before.map(Section::places).sum()))
    }
}

/// A component as its form shows it.
pub(super) async fn row(tx: &mut Tx, page: &Page, id: &ComponentId) -> Result<Option<ComponentRow>> {
    let Some(component) = components::by_id(tx, page.key, id).await? else { return Ok(None) };
    let Component { key, id, group, fields, .. } = component;
    let groups = components::groups(tx, page.key).await?;
    let followed = editor::followed(tx, key).await?;
    let mut monitors: Vec<MonitorChoice> =
        views::monitors::names(tx, &followed).await?.into_values().collect();
    monitors.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    Ok(Some(ComponentRow {
        id,
        group: groups.into_iter().find(|known| Some(known.key) == group).map(|known| known.id),
        name: fields.name,
        description: fields.description,
        monitors,
        show_uptime: fields.show_uptime,
        show_latency: fields.show_latency,
    }))
}

/// A group with its components, or the components that stand in none.
struct Section {
    group: Option<GroupKey>,
    keys: Vec<ComponentKey>,
}

impl Section {
    /// How many places of the list it takes: one for each component, and one for a group that has none, so that many of those do not stand
    /// on one page.
    fn places(&self) -> i64 {
        count(self.keys.len()).max(i64::from(self.group.is_some()))
    }
}

/// What stands in no group, and then each group in its order; the components are in theirs.
fn sections(all: &[Placed], groups: impl Iterator<Item = GroupKey>) -> Vec<Section> {
    let mut members: HashMap<Option<GroupKey>, Vec<ComponentKey>> = HashMap::new();
    for one in all {
        members.entry(one.group).or_default().push(one.key);
    }
    let groups = std::iter::once(None).chain(groups.map(Some));
    groups.map(|group| Section { group, keys: members.remove(&group).unwrap_or_default() }).collect()
}

/// What one page shows of a group.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    group: Option<GroupKey>,
    before: i64,
    all: i64,
    keys: Vec<ComponentKey>,
}

/// What the page that begins with the place at `offset` shows of each section. Components that stand in no group have their part of the first
/// page, even when there are none: the first one is added there.
fn parts(sections: &[Section], offset: i64) -> Vec<Part> {
    let end = offset + i64::from(PER_PAGE);
    let mut parts = Vec::new();
    let mut begin = 0;
    for section in sections {
        let all = count(section.keys.len());
        let (from, to) = (begin.max(offset), (begin + section.places()).min(end));
        if from < to || (section.group.is_none() && all == 0 && offset == 0) {
            let (before, shown) = (index(from - begin), index(to - from));
            let keys = section.keys.iter().skip(before).take(shown).copied().collect();
            parts.push(Part { group: section.group, before: from - begin, all, keys });
        }
        begin += section.places();
    }
    parts
}

/// The page, from 1 on, with the place that so many stand before.
fn page_at(before: i64) -> u32 {
    u32::try_from(before).unwrap_or(u32::MAX) / PER_PAGE + 1
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn index(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Components in groups of these sizes; the first size is of those that stand in none.
    fn page(sizes: &[usize], number: i64) -> Vec<(Option<i64>, i64, i64, usize)> {
        let groups: Vec<_> = (1..).take(sizes.len() - 1).map(GroupKey).collect();
        let all = std::iter::once(None).chain(groups.iter().copied().map(Some)).zip(sizes);
        let all = all.flat_map(|(group, size)| std::iter::repeat_n(group, *size));
        let all: Vec<_> = (1..)
            .zip(all)
            .map(|(key, group)| Placed { key: ComponentKey(key), group, by_hand: None })
            .collect();
        let sections = sections(&all, groups.into_iter());
        parts(&sections, (number - 1) * i64::from(PER_PAGE))
            .into_iter()
            .map(|part| (part.group.map(|key| key.0), part.before, part.all, part.keys.len()))
            .collect()
    }

    #[test]
    fn a_group_goes_on_over_pages_and_an_empty_one_takes_a_place() {
        assert_eq!(page(&[0], 1), [(None, 0, 0, 0)]);
        assert_eq!(page(&[0, 0, 0], 1), [(None, 0, 0, 0), (Some(1), 0, 0, 0), (Some(2), 0, 0, 0)]);
        assert_eq!(page(&[1, 1], 1), [(None, 0, 1, 1), (Some(1), 0, 1, 1)]);
        // Exactly a page, and what is empty behind it.
        assert_eq!(page(&[50, 0], 1), [(None, 0, 50, 50)]);
        assert_eq!(page(&[49, 0, 1], 1), [(None, 0, 49, 49), (Some(1), 0, 0, 0)]);
        assert_eq!(page(&[50, 0, 1], 2), [(Some(1), 0, 0, 0), (Some(2), 0, 1, 1)]);
        assert_eq!(page(&[20, 45, 0, 3], 1), [(None, 0, 20, 20), (Some(1), 0, 45, 30)]);
        assert_eq!(page(&[20, 45, 0, 3], 2), [(Some(1), 30, 45, 15), (Some(2), 0, 0, 0), (Some(3), 0, 3, 3)]);
        assert_eq!(page(&[0, 120], 1), [(None, 0, 0, 0), (Some(1), 0, 120, 50)]);
        assert_eq!(page(&[0, 120], 3), [(Some(1), 100, 120, 20)]);
    }

    #[test]
    fn no_page_has_more_groups_than_it_has_places() {
        let mut sizes = vec![0; 121];
        sizes[60] = 2;
        let pages: Vec<_> = (1..=3).map(|number| page(&sizes, number)).collect();
        // Beside the groups the first page has what stands in none.
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [51, 49, 21]);
        let groups: Vec<_> = pages.concat().into_iter().filter_map(|(group, ..)| group).collect();
        assert_eq!(groups, (1..=120).collect::<Vec<_>>());
    }
}
