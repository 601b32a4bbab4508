//! A configuration while it is read: the values, where each of them came from, and what is wrong so far.

use std::collections::BTreeMap;

use super::error::{ConfigErrors, Mistake, Origin};
use super::rules::{self, Broken};
use super::{Config, Field, field};

#[derive(Debug, Default)]
pub(super) struct Loading {
    config: Config,
    /// Where values came from that somebody gave, by key.
    origins: BTreeMap<&'static str, Origin>,
    mistakes: Vec<Mistake>,
}

impl Loading {
    /// Sets one value, or notes why not.
    pub(super) fn set(&mut self, field: &'static Field, text: &str, origin: Origin) {
        // A password is what was typed; around anything else spaces mean nothing.
        let is_password = field.key.ends_with(".password") && !text.trim().is_empty();
        let text = if is_password { text } else { text.trim() };
        match (field.set)(&mut self.config, text) {
            Ok(()) => {
                self.origins.insert(field.key, origin);
            }
            Err(reason) => {
                let message = format!("{}{reason}.", subject(field, &origin));
                self.mistakes.push(Mistake { origin, message });
            }
        }
    }

    /// Notes what is wrong.
    pub(super) fn refuse(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// The configuration, if nothing is wrong with it.
    pub(super) fn end(mut self) -> Result<Config, ConfigErrors> {
        let broken: Vec<_> =
            rules::broken(&self.config).into_iter().map(|broken| self.locate(broken)).collect();
        self.mistakes.extend(broken);
        self.config.doubts.extend(self.overruled());
        if self.mistakes.is_empty() { Ok(self.config) } else { Err(ConfigErrors(self.mistakes)) }
    }

    /// Says that the one line for the mail server takes the place of values that somebody gave and that say something else.
    fn overruled(&self) -> Option<String> {
        let place = |key: &str| Some(format!("`{key}` ({})", self.origins.get(key)?));
        let others: Vec<_> = self.config.mail.overruled().into_iter().filter_map(place).collect();
        let url = place("mail.url").filter(|_| !others.is_empty())?;
        Some(format!(
            "{url} says which mail server is used and in whose name; what {} would have instead does not count: leave out one or the other.",
            others.join(", ")
        ))
    }

    /// Says where the values stand that break a rule: the first that somebody gave, and after the sentence the others.
    fn locate(&self, broken: Broken) -> Mistake {
        let Broken { keys, message } = broken;
        let mut given = keys.iter().filter_map(|key| Some((*key, self.origins.get(key)?)));
        let Some((first, origin)) = given.next() else {
            return Mistake { origin: Origin::Whole, message: format!("{}: {message}.", keys.join(", ")) };
        };
        if keys.len() == 1 {
            let subject = field(first).map_or_else(String::new, |field| subject(field, origin));
            return Mistake { origin: origin.clone(), message: format!("{subject}{message}.") };
        }
        let others: Vec<_> = given.map(|(key, origin)| format!("{key}: {origin}")).collect();
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join("; ")) };
        Mistake { origin: origin.clone(), message: format!("{first}: {message}{others}.") }
    }
}

/// What a sentence about a value begins with; nothing where its place says which value it is.
fn subject(field: &Field, origin: &Origin) -> String {
    if origin.names(field) { String::new() } else { format!("{}: ", field.key) }
}
