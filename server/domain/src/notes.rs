//! What an operator writes down about a monitor: notes for whoever is woken, and values of their own by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::form::FieldError;

/// The longest notes, in characters: a page of text. They travel with each message about the monitor.
pub const MAX_NOTES: usize = 4_000;
/// The most own fields of a monitor.
pub const MAX_FIELDS: usize = 50;
/// The longest name of an own field, in characters.
pub const MAX_FIELD_NAME: usize = 64;
/// The longest value of an own field, in characters.
pub const MAX_FIELD_VALUE: usize = 1_000;
/// The form field of the notes.
pub const NOTES: &str = "notes";
/// The form field of the own fields.
pub const FIELDS: &str = "custom_fields";

/// What an operator wrote down about a monitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// What whoever is woken should know; lines of plain text.
    pub text: String,
    /// Values by name. A name stands once, whatever its case: templates read them so, as `@CustomField(name)`.
    pub fields: BTreeMap<String, String>,
}

impl Notes {
    /// The notes of a monitor that never was, to try an integration with.
    pub fn example() -> Self {
        let fields = BTreeMap::from([("Team".to_owned(), "web".to_owned())]);
        Self { text: "Ask the \"web\" team first.".to_owned(), fields }
    }

    /// Whether nothing was written down.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.fields.is_empty()
    }

    /// Reads both form fields. Own fields stand one a line, as `name = value`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field and, for own fields, its line.
    pub fn read(text: &str, fields: &str) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut read = BTreeMap::new();
        for (number, line) in fields.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut refuse = |why: String| {
                errors.push(FieldError::new(FIELDS, format!("Line {}: {why}", number + 1)));
            };
            let Some((name, value)) = line.split_once('=') else {
                refuse(format!("“{}” has no “=”; write it as name = value.", shortened(line.trim())));
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if let Err(why) = check_field(name, value) {
                refuse(why);
            } else if read.keys().any(|known: &String| known.to_lowercase() == name.to_lowercase()) {
                refuse(format!("“{name}” stands there already; upper and lower case are the same."));
            } else {
                read.insert(name.to_owned(), value.to_owned());
            }
        }
        if read.len() > MAX_FIELDS {
            let message =
                format!("These are {} fields; a monitor may have at most {MAX_FIELDS}.", read.len());
            errors.push(FieldError::new(FIELDS, message));
        }
        let text = text.replace("\r\n", "\n").trim().to_owned();
        let length = text.chars().count();
        if length > MAX_NOTES {
            let message = format!("The notes have {length} characters; they may have at most {MAX_NOTES}.");
            errors.push(FieldError::new(NOTES, message));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            errors.push(FieldError::new(NOTES, "The notes have control characters; write plain text."));
        }
        if errors.is_empty() { Ok(Self { text, fields: read }) } else { Err(errors) }
    }

    /// The own fields as a form shows them: `name = value`, one a line.
    pub fn field_lines(&self) -> String {
        let lines: Vec<_> = self.fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        lines.join("\n")
    }
}

/// Judges an own field.
///
/// # Errors
/// Why it cannot be, a sentence.
pub fn check_field(name: &str, value: &str) -> Result<(), String> {
    let length = name.chars().count();
    if name.is_empty() {
        return Err("the name is missing; write name = value.".to_owned());
    }
    if length > MAX_FIELD_NAME {
        return Err(format!("the name has {length} characters; it may have at most {MAX_FIELD_NAME}."));
    }
    // Each of them would end the name where it is written: in a line here, or in a template.
    if name.chars().any(|c| c.is_control() || matches!(c, '=' | '(' | ')' | '{' | '}')) {
        return Err(format!(
            "“{}” is no name; leave out = ( ) {{ }} and control characters.",
            name.escape_debug()
        ));
    }
    if value.chars().count() > MAX_FIELD_VALUE {
        return Err(format!("the value of {name} may have at most {MAX_FIELD_VALUE} characters."));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("the value of {name} must be one plain line."));
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::Message;

    #[test]
    fn fields_are_lines_of_name_and_value() {
        let notes =
            Notes::read(" Ask Ada.\r\nThen Bob. \n", "Team = web\n\n Link=https://x.org/?a=b\nEmpty =")
                .unwrap();
        assert_eq!(notes.text, "Ask Ada.\nThen Bob.");
        assert_eq!(notes.field_lines(), "Empty = \nLink = https://x.org/?a=b\nTeam = web");
        assert_eq!(Notes::read(&notes.text, &notes.field_lines()), Ok(notes));
        assert!(Notes::read("", " \n").unwrap().is_empty());
    }

    #[test]
    fn each_mistake_names_its_field_and_line() {
        let long = "n".repeat(65);
        let fields = format!("Team = web\nnothing\nteam = ops\n = x\n{long} = 1\na(b) = 2");
        let errors = Notes::read(&"x".repeat(4_001), &fields).unwrap_err();
        let words: Vec<_> = errors.iter().map(ToString::to_string).collect();
        for (number, begin) in [
            "custom_fields: Line 2: “nothing” has no “=”",
            "custom_fields: Line 3: “team” stands there already",
            "custom_fields: Line 4: the name is missing",
            "custom_fields: Line 5: the name has 65 characters",
            "custom_fields: Line 6: “a(b)” is no name",
            "notes: The notes have 4001 characters",
        ]
        .iter()
        .enumerate()
        {
            assert!(words[number].starts_with(begin), "{}", words[number]);
        }
        let many: Vec<_> = (0..51).map(|number| format!("f{number} = x")).collect();
        let errors = Notes::read("", &many.join("\n")).unwrap_err();
        assert!(errors[0].message.contains("at most 50"), "{}", errors[0]);
    }

    #[test]
    fn a_message_from_before_there_were_notes_is_still_read() {
        let old = r#"{"at":600000,"base_url":"https://pharos.example.org","time_zone":"UTC","body":{"type":"alert",
            "kind":"error","id":"AL00000000000000000001","incident":{"id":"INC00000000000000000001","title":"Shop is down",
            "failure":"timeout","reason":"No answer.","started_at":300000},"monitor":{"id":"NM00000000000000000001",
            "name":"Shop","check":"http","target":"https://shop.example.org/"}}}"#;
        let message: Message = serde_json::from_str(old).unwrap();
        let alert = message.alert().unwrap();
        assert!(message.project.is_none() && alert.monitor.notes.is_empty());
        let again = serde_json::to_value(&message).unwrap();
        assert!(again.get("project").is_none() && again["body"]["monitor"].get("notes").is_none(), "{again}");
    }

    proptest! {
        #[test]
        fn what_was_read_reads_back(text in ".{0,40}", fields in "([a-z ]{0,6}=?[ -~]{0,8}\n){0,6}") {
            if let Ok(notes) = Notes::read(&text, &fields) {
                prop_assert_eq!(Notes::read(&notes.text, &notes.field_lines()), Ok(notes));
            }
        }
    }
}
