//! The status page as its operator edits it: name, zone, logo. Components stand in `components`, and what the editor shows in `editor`.

use std::collections::HashSet;

use domain::days;
use domain::event::Event;
use domain::form::FieldError;
use domain::id::PageId;
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::{MonitorChoices, MonitorQuery, MonitorSort, Naming, PageDraft};
use domain::views::public::PageHead;

use super::{Result, ServiceError, Services, operator, telling};
use crate::store::pages::Page;
use crate::store::{self, Tx, views};

/// The name in URLs of the page that a fresh installation begins with.
const FIRST_SLUG: &str = "main";
/// Its name for people, until somebody finds a better one.
const FIRST_NAME: &str = "Status";
/// The longest name of a page, a group or a component, in characters.
pub(super) const MAX_NAME: usize = 120;
/// The longest description, in characters.
pub(super) const MAX_DESCRIPTION: usize = 500;
/// The largest logo, in bytes.
pub const MAX_LOGO: usize = 256 * 1024;
/// Monitors that the editor offers at once; the others are found by searching.
const CHOICES: i64 = 200;

/// How images begin, and what they are. SVG is not among them: it can carry scripts.
const IMAGES: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
];

impl Services {
    /// Makes the page at `/` when there is none; called at every start.
    pub async fn ensure_default_page(&self) -> Result<()> {
        if store::pages::default(&mut self.inner.db.read().await?).await?.is_some() {
            return Ok(());
        }
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = self.default_page(&mut tx, now).await?.key;
        store::events::append(&mut tx, now, &[Event::PageSaved { page }]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Monitors to choose from: those whose name or target contains the search, by name, not all at once. With `of` also those of them that
    /// this one names.
    pub async fn monitor_choices(
        &self,
        viewer: &Viewer,
        search: &str,
        of: Option<&Naming>,
    ) -> Result<MonitorChoices> {
        operator(viewer)?;
        let query =
            MonitorQuery { search: search.to_owned(), sort: MonitorSort::Name, ..MonitorQuery::default() };
        let mut tx = self.inner.db.read().await?;
        let keys = views::monitors::keys(&mut tx, &query, CHOICES, 0).await?;
        let mut choices = views::monitors::names(&mut tx, &keys).await?;
        let monitors: Vec<_> = keys.iter().filter_map(|key| choices.remove(key)).collect();
        let found = views::monitors::found(&mut tx, &query).await?;
        let total = views::monitors::counts(&mut tx).await?.total();
        let named = match of {
            Some(Naming::Definition(id)) => store::definitions::naming(&mut tx, id, &keys).await?,
            Some(of) => {
                let named: HashSet<_> = telling::named_by(&mut tx, of).await?.into_iter().collect();
                monitors.iter().map(|one| one.id.clone()).filter(|id| named.contains(id)).collect()
            }
            None => Vec::new(),
        };
        Ok(MonitorChoices { monitors, found, total, named })
    }

    /// Changes what the page at `/` is called and in which zone it counts days.
    pub async fn save_page(&self, viewer: &Viewer, draft: &PageDraft) -> Result<()> {
        operator(viewer)?;
        let (name, description, time_zone) =
            (draft.name.trim(), draft.description.trim(), draft.time_zone.trim());
        let mut errors = Vec::new();
        examine_name(name, "name", &mut errors);
        examine_description(description, &mut errors);
        if days::zone(time_zone).is_none() {
            let message = format!(
                "“{time_zone}” is no time zone that is known here; write one such as Europe/Berlin or UTC."
            );
            errors.push(FieldError::new("time_zone", message));
        }
        refuse(errors)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        store::pages::update(&mut tx, page.key, name, description, time_zone, now).await?;
        saved(tx, &page, now).await
    }

    /// Sets the logo of the page at `/`, or removes it. What the image is, its first bytes say.
    pub async fn set_logo(&self, viewer: &Viewer, image: Option<&[u8]>) -> Result<()> {
        operator(viewer)?;
        let logo = match image {
            Some(image) if image.len() > MAX_LOGO => {
                return Err(ServiceError::invalid(
                    "logo",
                    format!("The logo may have at most {} kB.", MAX_LOGO / 1024),
                ));
            }
            Some(image) => Some((media_type(image).ok_or_else(not_an_image)?, image)),
            None => None,
        };
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = edited(&mut tx).await?;
        store::pages::set_logo(&mut tx, page.key, logo, now).await?;
        saved(tx, &page, now).await
    }

    /// The page at `/`, made when there is none.
    pub(super) async fn default_page(&self, tx: &mut Tx, now: Timestamp) -> Result<Page> {
        if let Some(page) = store::pages::default(tx).await? {
            return Ok(page);
        }
        let id = PageId::new(self.inner.chance.bytes());
        let head = PageHead {
            slug: FIRST_SLUG.to_owned(),
            name: FIRST_NAME.to_owned(),
            description: None,
            logo: None,
            time_zone: "UTC".to_owned(),
            is_default: true,
        };
        store::pages::insert(tx, &id, &head, now).await?;
        edited(tx).await
    }
}

/// The page that is edited: so far there is one.
pub(super) async fn edited(tx: &mut Tx) -> Result<Page> {
    store::pages::default(tx).await?.ok_or(ServiceError::NotFound)
}

/// Tells everybody that a page was edited, and commits.
pub(super) async fn saved(mut tx: Tx, page: &Page, now: Timestamp) -> Result<()> {
    store::events::append(&mut tx, now, &[Event::PageSaved { page: page.key }]).await?;
    tx.commit().await?;
    Ok(())
}

/// Judges the name of a page, a group or a component.
pub(super) fn examine_name(name: &str, field: &str, errors: &mut Vec<FieldError>) {
    if name.is_empty() {
        errors.push(FieldError::new(field, "Write a name."));
    } else if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        errors.push(FieldError::new(
            field,
            format!("Write a name of one line, with at most {MAX_NAME} characters."),
        ));
    }
}

/// Judges a description.
pub(super) fn examine_description(description: &str, errors: &mut Vec<FieldError>) {
    if description.chars().count() > MAX_DESCRIPTION {
        errors.push(FieldError::new("description", format!("Write at most {MAX_DESCRIPTION} characters.")));
    }
}

/// Refuses input with errors.
pub(super) fn refuse(errors: Vec<FieldError>) -> Result<()> {
    if errors.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(errors)) }
}

fn not_an_image() -> ServiceError {
    ServiceError::invalid("logo", "This is no image that can be shown; take a PNG, JPEG, WebP or GIF.")
}

fn media_type(image: &[u8]) -> Option<&'static str> {
    let webp = image.starts_with(b"RIFF") && image.get(8..12) == Some(b"WEBP");
    if webp {
        return Some("image/webp");
    }
    IMAGES.iter().find(|(magic, _)| image.starts_with(magic)).map(|(_, media_type)| *media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_first_bytes() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(media_type(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(media_type(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), None);
        assert_eq!(media_type(b""), None);
    }
}
