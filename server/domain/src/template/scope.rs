//! What a template can see while it is rendered.

use std::{collections::BTreeMap, fmt};

use super::{AlertFacts, Functions, catalogue, functions, hidden::Hidden, variables};
use crate::time::Timestamp;

/// Values by name; case does not matter.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Sets a value, over an earlier one of the same name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_lowercase(), value.into());
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_lowercase()).map(String::as_str)
    }

    /// The names, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Values may be secrets, so only the names print.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Everything that a template can see: values, functions, the time and chance. One scope lives through all steps of a
/// message, so captured variables and `@UniqueGuid` stay.
pub struct Scope {
    system: Variables,
    custom_fields: Variables,
    vault: Variables,
    own: Variables,
    functions: Functions,
    hidden: Hidden,
    now: Timestamp,
    random: Box<dyn FnMut() -> u64 + Send>,
    unique_guid: String,
}

impl Scope {
    /// An empty scope. `random` gives 64 random bits each time.
    pub fn new(now: Timestamp, random: impl FnMut() -> u64 + Send + 'static) -> Self {
        let mut random: Box<dyn FnMut() -> u64 + Send> = Box::new(random);
        let unique_guid = functions::guid(&mut *random);
        Self {
            system: Variables::default(),
            custom_fields: Variables::default(),
            vault: Variables::default(),
            own: Variables::default(),
            functions: Functions::default(),
            hidden: Hidden::default(),
            now,
            random,
            unique_guid,
        }
    }

    /// Adds all system variables and the custom fields of an alert.
    #[must_use]
    pub fn with_facts(mut self, facts: &AlertFacts) -> Self {
        for (name, value) in variables(facts) {
            self.system.set(name, value);
        }
        for (name, value) in &facts.custom_fields {
            self.custom_fields.set(name, value.clone());
        }
        self
    }

    /// Adds the own functions.
    #[must_use]
    pub fn with_functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }

    /// Sets a system variable, by name or alias and without `@`; test messages fill in values in this way.
    pub fn set_system(&mut self, name: &str, value: impl Into<String>) {
        self.system.set(catalogue::find(name).map_or(name, |variable| variable.name), value);
    }

    /// Sets an own variable, over an earlier one of the same name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.own.set(name, value);
    }

    /// Sets an own variable that [`Self::mask`] hides from then on.
    pub fn set_secret(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        self.hide(&value);
        self.own.set(name, value);
    }

    /// Sets what `@VaultItem.NAME` gives, such as `ID.Password`; it is a secret.
    pub fn set_vault(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        self.hide(&value);
        self.vault.set(name, value);
    }

    /// Makes a text a secret that [`Self::mask`] hides, also where it stands encoded, and in what functions make of it. A
    /// secret of less than four bytes would mask plain words, so it is left.
    pub fn hide(&mut self, secret: &str) {
        self.hidden.secret(secret);
    }

    /// The same for a password and the pair of it with its name, as basic authentication sends them.
    pub fn hide_credentials(&mut self, username: &str, password: &str) {
        self.hidden.secret(password);
        self.hidden.derived(&functions::base64_encode(&format!("{username}:{password}")));
    }

    /// The text with every secret masked, for logs and for people.
    pub fn mask(&self, text: &str) -> String {
        self.hidden.mask(text)
    }

    /// The own variable of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.own.get(name)
    }

    /// The time that `@DateTime` starts from.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn system(&self, name: &str) -> Option<&str> {
        self.system.get(catalogue::find(name).map_or(name, |variable| variable.name))
    }

    pub(super) fn vault(&self, name: &str) -> Option<&str> {
        self.vault.get(name)
    }

    pub(super) fn custom_field(&self, name: &str) -> Option<&str> {
        self.custom_fields.get(name)
    }

    pub(super) fn functions(&self) -> &Functions {
        &self.functions
    }

    pub(super) fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    pub(super) fn hidden_mut(&mut self) -> &mut Hidden {
        &mut self.hidden
    }

    pub(super) fn unique_guid(&self) -> &str {
        &self.unique_guid
    }

    pub(super) fn draw(&mut self) -> u64 {
        (self.random)()
    }
}

/// Values may be secrets, so only names print.
impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("own", &self.own).field("now", &self.now).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::MASK;

    #[test]
    fn a_secret_is_masked_in_every_encoding() {
        let mut scope = Scope::new(Timestamp(0), || 0);
        scope.set_secret("key", "hun\"ter &2");
        scope.set_secret("short", "abc");
        let text = "hun\"ter &2 hun\\\"ter &2 hun%22ter+%262 aHVuInRlciAmMg== abc";
        assert_eq!(scope.mask(text), format!("{MASK} {MASK} {MASK} {MASK} abc"));
        assert!(!format!("{scope:?}").contains("ter"));
        assert_eq!(scope.get("KEY"), Some("hun\"ter &2"));
    }
}
