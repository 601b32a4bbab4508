//! Groups and components of the status page.

use domain::form::FieldError;
use domain::id::{ComponentId, GroupId, GroupKey, MonitorKey};
use domain::person::Viewer;
use domain::status_page::ComponentState;
use domain::views::console::{ComponentDraft, Move};

use super::pages::{edited, examine_description, examine_name, refuse, saved};
use super::{Result, ServiceError, Services, operator};
use crate::store::components::{self, Component, Fields};
use crate::store::pages::Page;
use crate::store::{Tx, views};

/// Groups on a page.
const MOST_GROUPS: usize = 100;
/// Components on a page.
const MOST_COMPONENTS: usize = 1_000;
/// Monitors that a component follows.
const MOST_MONITORS: usize = 200;

/// What is said to whoever edits something that somebody else has changed meanwhile.
const CHANGED_MEANWHILE: &str = "Somebody else changed this component meanwhile. Open the form again to see how it is now, and repeat your change.";

impl Services {
    /// Adds a group behind the others.
    pub async fn add_group(&self, viewer: &Viewer, name: &str) -> Result<GroupId> {
        operator(viewer)?;
        let name = group_name(name)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        if components::groups(&mut tx, page.key).await?.len() >= MOST_GROUPS {
            return Err(ServiceError::invalid("name", format!("A page has at most {MOST_GROUPS} groups.")));
        }
        let id = GroupId::new(self.inner.chance.bytes());
        components::add_group(&mut tx, page.key, &id, name).await?;
        saved(tx, &page, now).await?;
        Ok(id)
    }

    /// Renames a group.
    pub async fn rename_group(&self, viewer: &Viewer, id: &GroupId, name: &str) -> Result<()> {
        operator(viewer)?;
        let name = group_name(name)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        if !components::rename_group(&mut tx, page.key, id, name).await? {
            return Err(ServiceError::NotFound);
        }
        saved(tx, &page, now).await
    }

    /// Moves a group by one place; at the end of the list nothing happens.
    pub async fn move_group(&self, viewer: &Viewer, id: &GroupId, to: Move) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        let groups = components::groups(&mut tx, page.key).await?;
        let place = groups.iter().position(|group| group.id == *id).ok_or(ServiceError::NotFound)?;
        if let Some(other) = neighbour(place, to, groups.len()) {
            components::swap_groups(&mut tx, groups[place].key, groups[other].key).await?;
        }
        saved(tx, &page, now).await
    }

    /// Deletes a group; its components stay, without a group.
    pub async fn delete_group(&self, viewer: &Viewer, id: &GroupId) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        if !components::delete_group(&mut tx, page.key, id).await? {
            return Err(ServiceError::NotFound);
        }
        saved(tx, &page, now).await
    }

    /// Adds a component behind the others.
    pub async fn add_component(&self, viewer: &Viewer, draft: &ComponentDraft) -> Result<ComponentId> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        let Read { group, monitors, fields } = read(&mut tx, &page, draft).await?;
        if components::of_page(&mut tx, page.key).await?.len() >= MOST_COMPONENTS {
            return Err(ServiceError::invalid(
                "name",
                format!("A page has at most {MOST_COMPONENTS} components."),
            ));
        }
        let id = ComponentId::new(self.inner.chance.bytes());
        let key = components::add(&mut tx, page.key, &id, group, &fields, now).await?;
        components::follow(&mut tx, key, &monitors).await?;
        saved(tx, &page, now).await?;
        Ok(id)
    }

    /// Changes a component, unless it is not as `version` says any more ([`version`](domain::views::console::ComponentRow::version)); `None` changes it in any case.
    pub async fn edit_component(
        &self,
        viewer: &Viewer,
        id: &ComponentId,
        version: Option<&str>,
        draft: &ComponentDraft,
    ) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        let component = load(&mut tx, &page, id).await?;
        if let Some(version) = version {
            let row = super::editor::row(&mut tx, &page, id).await?;
            if row.is_some_and(|row| row.version() != version) {
                return Err(ServiceError::Conflict(CHANGED_MEANWHILE.to_owned()));
            }
        }
        let Read { group, monitors, fields } = read(&mut tx, &page, draft).await?;
        components::update(&mut tx, component.key, group, &fields).await?;
        components::follow(&mut tx, component.key, &monitors).await?;
        saved(tx, &page, now).await
    }

    /// Gives components other names, all or none; what is wrong with a name is told under the component's id.
    pub async fn rename_components(&self, viewer: &Viewer, names: &[(ComponentId, String)]) -> Result<()> {
        operator(viewer)?;
        let mut errors = Vec::new();
        for (id, name) in names {
            examine_name(name.trim(), id.as_str(), &mut errors);
        }
        refuse(errors)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        for (id, name) in names {
            let component = load(&mut tx, &page, id).await?;
            let fields = Fields { name: name.trim().to_owned(), ..component.fields };
            components::update(&mut tx, component.key, component.group, &fields).await?;
        }
        saved(tx, &page, now).await
    }

    /// Moves a component by one place within its group; at the end of the list nothing happens.
    pub async fn move_component(&self, viewer: &Viewer, id: &ComponentId, to: Move) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        let all = components::of_page(&mut tx, page.key).await?;
        let moved = all.iter().find(|component| component.id == *id).ok_or(ServiceError::NotFound)?;
        let group: Vec<_> =
            all.iter().filter(|other| other.group == moved.group).map(|other| other.key).collect();
        let place = group.iter().position(|key| *key == moved.key).ok_or(ServiceError::NotFound)?;
        if let Some(other) = neighbour(place, to, group.len()) {
            components::swap(&mut tx, moved.key, group[other]).await?;
        }
        saved(tx, &page, now).await
    }

    /// Deletes a component.
    pub async fn delete_component(&self, viewer: &Viewer, id: &ComponentId) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        let component = load(&mut tx, &page, id).await?;
        components::delete(&mut tx, component.key).await?;
        saved(tx, &page, now).await
    }

    /// Sets the state of a component by hand, which wins until it is released with `None`.
    pub async fn set_state(
        &self,
        viewer: &Viewer,
        id: &ComponentId,
        state: Option<ComponentState>,
    ) -> Result<()> {
        operator(viewer)?;
        if state.is_some_and(|state| !ComponentState::BY_HAND.contains(&state)) {
            return Err(ServiceError::invalid(
                "state",
                "This state cannot be set by hand; release the component instead.",
            ));
        }
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        let component = load(&mut tx, &page, id).await?;
        components::set_by_hand(&mut tx, component.key, state).await?;
        saved(tx, &page, now).await
    }
}

/// A draft of a component with its names turned into keys.
struct Read {
    group: Option<GroupKey>,
    monitors: Vec<MonitorKey>,
    fields: Fields,
}

/// Judges a draft and finds what it names.
async fn read(tx: &mut Tx, page: &Page, draft: &ComponentDraft) -> Result<Read> {
    let mut errors = Vec::new();
    let (name, description) = (draft.name.trim(), draft.description.trim());
    examine_name(name, "name", &mut errors);
    examine_description(description, &mut errors);
    if draft.monitors.len() > MOST_MONITORS {
        let message = format!("A component follows at most {MOST_MONITORS} monitors.");
        errors.push(FieldError::new("monitors", message));
    }
    let mut group = None;
    if let Some(wanted) = &draft.group {
        group = components::groups(tx, page.key).await?.into_iter().find(|group| group.id == *wanted);
        if group.is_none() {
            errors.push(FieldError::new("group", "This group is gone; choose another one."));
        }
    }
    let keys = views::monitors::keys_of(tx, &draft.monitors).await?;
    if draft.monitors.iter().any(|id| !keys.contains_key(id)) {
        errors.push(FieldError::new("monitors", "One of these monitors is gone; choose again."));
    }
    refuse(errors)?;
    let mut monitors: Vec<MonitorKey> = keys.into_values().collect();
    monitors.sort_unstable();
    Ok(Read {
        group: group.map(|group| group.key),
        monitors,
        fields: Fields {
            name: name.to_owned(),
            description: description.to_owned(),
            show_uptime: draft.show_uptime,
            show_latency: draft.show_latency,
        },
    })
}

async fn load(tx: &mut Tx, page: &Page, id: &ComponentId) -> Result<Component> {
    components::by_id(tx, page.key, id).await?.ok_or(ServiceError::NotFound)
}

fn group_name(name: &str) -> Result<&str> {
    let name = name.trim();
    let mut errors = Vec::new();
    examine_name(name, "name", &mut errors);
    refuse(errors)?;
    Ok(name)
}

/// The place that something at `place` changes with, in a list of `length`.
fn neighbour(place: usize, to: Move, length: usize) -> Option<usize> {
    match to {
        Move::Up => place.checked_sub(1),
        Move::Down => Some(place + 1).filter(|place| *place < length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_stay_where_they_are() {
        assert_eq!(neighbour(0, Move::Up, 3), None);
        assert_eq!(neighbour(2, Move::Down, 3), None);
        assert_eq!(neighbour(1, Move::Up, 3), Some(0));
        assert_eq!(neighbour(1, Move::Down, 3), Some(2));
    }
}
