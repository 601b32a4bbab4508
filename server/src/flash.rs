//! What a form without scripts leaves for the page that comes back, kept in the session: little of it, and of strangers only what
//! the log-in, the set-up and the confirmation of an address need. Whoever is not logged in must not be able to fill the database.

use std::num::NonZeroU32;
use std::sync::Arc;

use app::error::AppError;
use app::flash::Flash;
use domain::person::Viewer;
use domain::time::Timestamp;
use engine::rate::Rate;
use tower_sessions::Session;
use tower_sessions::session::Error;

/// Under which name the session holds it.
const NAME: &str = "flash";
/// The forms of those who are not logged in.
const OPEN_FORMS: [&str; 3] = ["login", "account", "confirm"];
/// The largest flash of somebody who is not logged in, in bytes of JSON.
const MAX_OF_STRANGER: usize = 4 << 10;
/// The largest flash of somebody who is, in bytes of JSON: a custom integration with long templates.
const MAX_OF_PERSON: usize = 256 << 10;
/// Flashes of strangers that are kept for one client in a minute: as often as somebody types a password wrong.
const PER_CLIENT: u32 = 10;
/// Mistakes that are kept, and characters of each.
const MAX_ERRORS: (usize, usize) = (50, 300);

/// Counts the flashes of strangers.
#[derive(Clone, Debug)]
pub(crate) struct Strangers(Arc<Rate>);

impl Strangers {
    /// Nobody was counted yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Rate::per_minute(NonZeroU32::new(PER_CLIENT).unwrap_or(NonZeroU32::MIN))))
    }

    /// The flash as it may be kept for the next page; `None` when it may not.
    pub(crate) fn judge(&self, flash: Flash, viewer: &Viewer, client: &str, now: Timestamp) -> Option<Flash> {
        if !matches!(viewer, Viewer::Anonymous) {
            return Some(fitted(flash, MAX_OF_PERSON));
        }
        let may = OPEN_FORMS.contains(&flash.form.as_str()) && self.0.take(client, now).is_ok();
        may.then(|| fitted(flash, MAX_OF_STRANGER))
    }
}

/// Keeps a flash of somebody who is logged in for the next page.
pub(crate) async fn keep(session: &Session, flash: Flash) -> Result<(), Error> {
    put(session, fitted(flash, MAX_OF_PERSON)).await
}

/// Keeps a flash that was judged.
pub(crate) async fn put(session: &Session, flash: Flash) -> Result<(), Error> {
    session.insert(NAME, flash).await
}

/// What the form before left, once. Only a session that holds something is changed: a change costs a write.
pub(crate) async fn take(session: &Session) -> Result<Option<Flash>, Error> {
    let held = session.get::<Flash>(NAME).await?;
    if held.is_some() {
        session.remove::<Flash>(NAME).await?;
    }
    Ok(held)
}

/// The flash without what makes it longer than `most` bytes: first the longest values, then what was found.
fn fitted(mut flash: Flash, most: usize) -> Flash {
    match &mut flash.error {
        Some(AppError::Invalid { errors }) => {
            errors.truncate(MAX_ERRORS.0);
            for error in errors {
                clip(&mut error.field);
                clip(&mut error.message);
            }
        }
        Some(AppError::Conflict { message }) => clip(message),
        _ => {}
    }
    if written(&flash) <= most {
        return flash;
    }
    let mut sizes: Vec<_> = flash.values.iter().map(|pair| (written(&pair), pair.0.clone())).collect();
    sizes.sort_unstable();
    let mut room = most / 2;
    for (size, name) in sizes {
        match room.checked_sub(size) {
            Some(rest) => room = rest,
            None => drop(flash.values.remove(&name)),
        }
    }
    if written(&flash) > most {
        (flash.report, flash.trial, flash.tried) = (None, None, Vec::new());
    }
    if written(&flash) > most {
        flash.error = Some(AppError::Invalid { errors: Vec::new() });
    }
    flash
}

fn clip(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_ERRORS.1) {
        text.truncate(end);
        text.push('…');
    }
}

/// How many bytes something takes as JSON.
fn written(value: &impl serde::Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use domain::form::FieldError;

    use super::*;

    fn flash(form: &str, values: &[(&str, usize)]) -> Flash {
        let values = values.iter().map(|(name, length)| ((*name).to_owned(), "x".repeat(*length))).collect();
        Flash { form: form.to_owned(), values, ..Flash::default() }
    }

    #[test]
    fn the_longest_values_go_first_and_the_others_stay() {
        let kept =
            fitted(flash("login", &[("email", 20), ("junk", 2_000_000), ("next", 30)]), MAX_OF_STRANGER);
        assert_eq!(kept.values.keys().collect::<Vec<_>>(), ["email", "next"]);
        let many: Vec<_> = (0..10_000).map(|number| format!("{number:05}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), 10)).collect();
        assert!(written(&fitted(flash("login", &many), MAX_OF_STRANGER)) <= MAX_OF_STRANGER);
    }

    #[test]
    fn a_mistake_that_repeats_what_was_typed_is_cut() {
        let errors = vec![FieldError::new("email", "ä".repeat(1_000_000)); 100];
        let kept =
            fitted(Flash { error: Some(AppError::Invalid { errors }), ..flash("login", &[]) }, MAX_OF_PERSON);
        let Some(AppError::Invalid { errors }) = &kept.error else { panic!("{kept:?}") };
        assert_eq!((errors.len(), errors[0].message.chars().count()), (50, 301));
        assert!(written(&fitted(kept, MAX_OF_STRANGER)) <= MAX_OF_STRANGER);
    }

    #[test]
    fn strangers_leave_a_flash_at_the_door_only_and_not_too_often() {
        let (strangers, now) = (Strangers::new(), Timestamp(1_800_000_000_000));
        let judge = |form: &str, viewer: &Viewer, client: &str| {
            strangers.judge(flash(form, &[]), viewer, client, now).is_some()
        };
        assert!(!judge("definition", &Viewer::Anonymous, "a"));
        for _ in 0..PER_CLIENT {
            assert!(judge("login", &Viewer::Anonymous, "a"));
        }
        assert!(!judge("login", &Viewer::Anonymous, "a"));
        assert!(judge("login", &Viewer::Anonymous, "b") && judge("definition", &Viewer::System, "a"));
    }
}
