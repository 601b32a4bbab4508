//! Forms as data: a kind declares its [`Field`]s, pages draw them, and [`FormReader`] turns what was sent into settings.
//!
//! Everything wrong is collected at once, so that nobody has to send a form five times to learn of five mistakes.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Serialize};

pub use crate::choice::Choice;
use crate::secret::{MASK, Secret};

/// What a form sends: field name to text.
///
/// A checkbox that is not there takes its default, so a page puts a hidden `false` before each checkbox (the last value
/// of a name wins).
pub type Form = BTreeMap<String, String>;

/// The longest single-line value, in bytes: beyond any real URL, header or host name.
pub const MAX_TEXT_BYTES: usize = 8_192;
/// The longest text of several lines (request bodies, certificates, header lists), in bytes.
pub const MAX_LONG_TEXT_BYTES: usize = 65_536;
/// The suffix of the marker that says that a secret is stored: `password` comes with `password.stored`.
pub const STORED_SUFFIX: &str = ".stored";
/// The suffix of the checkbox that removes a stored secret: `password.clear`.
pub const CLEAR_SUFFIX: &str = ".clear";

/// How a field is drawn and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// An absolute URL.
    Url,
    /// A host name or an IP address.
    Host,
    /// A whole number.
    Number {
        /// The smallest value that is accepted.
        min: i64,
        /// The largest value that is accepted.
        max: i64,
        /// What is counted, as shown behind the field: `s`, `kB`, `days`, or nothing.
        unit: &'static str,
    },
    /// One of a few values, each with its label.
    Select(&'static [(&'static str, &'static str)]),
    /// Yes or no.
    Checkbox,
    /// Several values, one a line.
    Lines,
    /// A text of several lines, taken as it is.
    TextArea,
    /// A value that is never sent back; left empty, the stored one stays.
    Secret,
    /// Like [`FieldKind::Secret`], of several lines (a private key).
    SecretArea,
}

/// One field of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key in the [`Form`].
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// How it is drawn.
    pub kind: FieldKind,
    /// A sentence under the field; may be empty.
    pub help: &'static str,
    /// An example, shown while the field is empty.
    pub placeholder: &'static str,
    /// Whether it may not be empty, where it counts; see [`Self::when`].
    pub required: bool,
    /// Whether it is folded away at first.
    pub advanced: bool,
    /// The value that a field takes when it is not sent at all.
    pub default: &'static str,
    /// The select and its value that the field belongs to: with another value it is not read, so it is not shown either. `None`
    /// for a field that always counts.
    pub when: Option<(&'static str, &'static str)>,
}

impl Field {
    /// A field with a name, a label and a kind; the rest is added by the methods below.
    #[must_use]
    pub const fn new(name: &'static str, label: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            label,
            kind,
            help: "",
            placeholder: "",
            required: false,
            advanced: false,
            default: "",
            when: None,
        }
    }

    /// Adds the sentence under the field.
    #[must_use]
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Adds the example.
    #[must_use]
    pub const fn placeholder(mut self, placeholder: &'static str) -> Self {
        self.placeholder = placeholder;
        self
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Folds it away at first.
    #[must_use]
    pub const fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }

    /// Shows it only while a select has this value.
    #[must_use]
    pub const fn when(mut self, select: &'static str, value: &'static str) -> Self {
        self.when = Some((select, value));
        self
    }

    /// Sets the value for a field that is not sent.
    #[must_use]
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }
}

/// What is wrong with one field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// A sentence for people.
    pub message: String,
}

impl FieldError {
    /// Names the field and says what is wrong.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for FieldError {}

/// Reads the fields of a form one by one and collects everything that is wrong.
#[derive(Debug)]
pub struct FormReader<'a> {
    fields: &'static [Field],
    form: &'a Form,
    errors: Vec<FieldError>,
}

impl<'a> FormReader<'a> {
    /// A reader over a form, which takes defaults and requirements from the declared fields.
    pub fn new(fields: &'static [Field], form: &'a Form) -> Self {
        Self { fields, form, errors: Vec::new() }
    }

    /// Adds an error that a rule outside of the reader found.
    pub fn error(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    /// One trimmed line; an error when it is required and empty, longer than [`MAX_TEXT_BYTES`] or has control characters.
    pub fn text(&mut self, name: &'static str) -> String {
        let (raw, required) = self.raw(name);
        let text = raw.trim();
        if text.is_empty() && required {
            self.error(name, "Please fill this in.");
        } else if text.len() > MAX_TEXT_BYTES {
            self.error(name, format!("This is longer than {MAX_TEXT_BYTES} bytes; please shorten it."));
        } else if text.chars().any(char::is_control) {
            self.error(
                name,
                "This has line breaks or control characters; please write it as one plain line.",
            );
        }
        text.to_owned()
    }

    /// Like [`Self::text`]; an empty line is `None`.
    pub fn optional_text(&mut self, name: &'static str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// A text of several lines, as it was sent; an error when it is longer than [`MAX_LONG_TEXT_BYTES`].
    pub fn long_text(&mut self, name: &'static str) -> String {
        let (raw, required) = self.raw(name);
        if raw.trim().is_empty() && required {
            self.error(name, "Please fill this in.");
        }
        if raw.len() > MAX_LONG_TEXT_BYTES {
            self.error(name, format!("This is longer than {MAX_LONG_TEXT_BYTES} bytes; please shorten it."));
        }
        raw.to_owned()
    }

    /// A whole number within the range; on an error the start of the range is returned, to let reading go on.
    pub fn number<T>(&mut self, name: &'static str, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let text = self.text(name);
        match text.parse::<T>() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                if !text.is_empty() || !self.errors.iter().any(|error| error.field == name) {
                    let (low, high) = (range.start(), range.end());
                    self.error(
                        name,
                        format!("“{text}” does not fit; write a whole number from {low} to {high}."),
                    );
                }
                *range.start()
            }
        }
    }

    /// Yes or no: `true on yes 1` and `false off no 0`; not sent means the default.
    pub fn checkbox(&mut self, name: &'static str) -> bool {
        match self.raw(name).0.trim() {
            "true" | "on" | "yes" | "1" => true,
            "false" | "off" | "no" | "0" | "" => false,
            other => {
                let message = format!("“{other}” is neither true nor false.");
                self.error(name, message);
                false
            }
        }
    }

    /// One of a closed set; on an error the first of the set is returned, to let reading go on.
    pub fn choice<T: Choice>(&mut self, name: &'static str) -> T {
        let text = self.text(name);
        T::parse(&text).unwrap_or_else(|| {
            let known: Vec<_> = T::OPTIONS.iter().map(|(value, _)| *value).collect();
            self.error(name, format!("“{text}” is not known here; use one of {}.", known.join(", ")));
            T::first()
        })
    }

    /// The non-empty lines, trimmed.
    pub fn lines(&mut self, name: &'static str) -> Vec<String> {
        self.long_text(name)
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A secret: what was sent, or the old one when nothing (or the mask) was sent; `NAME.clear` removes it.
    pub fn secret(&mut self, name: &'static str, old: Option<&Secret>) -> Option<Secret> {
        let cleared = self.form.get(&format!("{name}{CLEAR_SUFFIX}")).map(String::as_str);
        if matches!(cleared, Some("true" | "on" | "1" | "yes")) {
            return None;
        }
        let sent = self.raw(name).0.to_owned();
        if sent.is_empty() || sent == MASK {
            return old.cloned().filter(|secret| !secret.is_empty());
        }
        if sent.len() > MAX_LONG_TEXT_BYTES {
            self.error(name, format!("This is longer than {MAX_LONG_TEXT_BYTES} bytes; please shorten it."));
        }
        Some(Secret::new(sent))
    }

    /// The settings, or everything that was wrong.
    pub fn finish<T>(self, settings: impl FnOnce() -> T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(settings()) } else { Err(self.errors) }
    }

    /// Whether anything was wrong so far.
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    fn raw(&self, name: &str) -> (&'a str, bool) {
        let field = self.fields.iter().find(|field| field.name == name);
        let counts = |field: &Field| field.when.is_none_or(|(select, value)| self.raw(select).0 == value);
        let (default, required) =
            field.map_or(("", false), |field| (field.default, field.required && counts(field)));
        (self.form.get(name).map_or(default, String::as_str), required)
    }
}

/// Whether a form leaves a secret as it is in the form of what is stored.
pub(crate) fn keeps_secret(form: &Form, stored: &Form, name: &str) -> bool {
    let given = |suffix: &str| form.get(&format!("{name}{suffix}")).map_or("", String::as_str);
    let is_cleared = matches!(given(CLEAR_SUFFIX), "true" | "on" | "1" | "yes");
    stored.contains_key(&format!("{name}{STORED_SUFFIX}")) && !is_cleared && ["", MASK].contains(&given(""))
}

/// Puts a secret into a form: the value empty, and the marker when one is stored.
pub fn put_secret(form: &mut Form, name: &str, secret: Option<&Secret>) {
    form.insert(name.to_owned(), String::new());
    if secret.is_some_and(|secret| !secret.is_empty()) {
        form.insert(format!("{name}{STORED_SUFFIX}"), "true".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        Field::new("host", "Host", FieldKind::Host).required(),
        Field::new("port", "Port", FieldKind::Number { min: 1, max: 65_535, unit: "" }).default("443"),
        Field::new("verify", "Verify", FieldKind::Checkbox).default("true"),
        Field::new("password", "Password", FieldKind::Secret),
    ];

    fn form(pairs: &[(&str, &str)]) -> Form {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let form = form(&[("port", "70000"), ("verify", "maybe")]);
        let mut reader = FormReader::new(FIELDS, &form);
        let (_, _, _) =
            (reader.text("host"), reader.number("port", 1..=65_535_u16), reader.checkbox("verify"));
        let errors = reader.finish(|| ()).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["host", "port", "verify"]);
        assert!(errors[1].message.contains("1 to 65535"), "{}", errors[1].message);
    }

    #[test]
    fn a_field_that_is_not_sent_takes_its_default() {
        let form = form(&[("host", " example.org ")]);
        let mut reader = FormReader::new(FIELDS, &form);
        assert_eq!(reader.text("host"), "example.org");
        assert_eq!(reader.number("port", 1..=65_535_u16), 443);
        assert!(reader.checkbox("verify"));
        assert!(!reader.has_errors());
    }

    #[test]
    fn an_empty_or_masked_secret_keeps_the_old_one_and_clear_removes_it() {
        let old = Secret::new("old");
        for (sent, expected) in [("", Some("old")), (MASK, Some("old")), ("new", Some("new"))] {
            let form = form(&[("password", sent)]);
            let kept = FormReader::new(FIELDS, &form).secret("password", Some(&old));
            assert_eq!(kept.as_ref().map(Secret::expose), expected);
        }
        let form = form(&[("password", ""), ("password.clear", "true")]);
        assert_eq!(FormReader::new(FIELDS, &form).secret("password", Some(&old)), None);
    }
}
