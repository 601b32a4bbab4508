//! Where the secrets of a custom integration go, so that stored ones go nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::{CustomSettings, render_request};
use crate::{
    integration::origin,
    secret::{MASK, Secret},
    template::{AlertFacts, AlertKind},
    time::Timestamp,
};

impl CustomSettings {
    /// Whether a form left a secret out, to have the stored one put in its place.
    pub(crate) fn asks_for_secrets(&self) -> bool {
        self.secrets().iter().any(|secret| secret.expose() == MASK)
    }

    /// Whether a request goes to another scheme, host or port than every request of `old`; a secret may be in any part of any request,
    /// so all of them count.
    pub(crate) fn goes_elsewhere(&self, old: &Self) -> bool {
        let nothing = BTreeMap::new();
        !self.destinations(&nothing).is_subset(&old.destinations(&nothing))
    }

    /// The same of what a level gives, against what it gave before.
    pub(crate) fn level_leads_elsewhere(
        &self,
        given: &BTreeMap<String, Secret>,
        before: &[BTreeMap<String, Secret>],
    ) -> bool {
        let known: BTreeSet<_> = before.iter().flat_map(|before| self.destinations(before)).collect();
        !self.destinations(given).is_subset(&known)
    }

    /// The destination of each step: the part of its template that names one, and what that comes to for an example of each message.
    fn destinations(&self, level: &BTreeMap<String, Secret>) -> BTreeSet<(String, Vec<Option<String>>)> {
        let mut found = BTreeSet::new();
        for step in self.definitions.iter().flat_map(|definition| &definition.steps) {
            let origins = [AlertKind::Error, AlertKind::Ok, AlertKind::Reminder].map(|kind| {
                let facts = AlertFacts::example(kind);
                let mut scope = self.scope(&facts, level, Timestamp(0), || 0).ok()?;
                origin(render_request(step, &mut scope).ok()?.url.as_str())
            });
            found.insert((authority(&step.url), origins.into()));
        }
        found
    }
}

/// The part of a URL's template that decides where it leads to: when that is not written out, all of it.
fn authority(template: &str) -> String {
    let written = template.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let written = format!("{scheme}://{}", &rest[..end]);
        (!written.contains("{{")).then_some(written)
    });
    written.unwrap_or_else(|| template.to_owned())
}
