//! What a custom integration would send.

use serde::{Deserialize, Serialize};

use crate::alert::AlertKind;
use crate::custom::ShownRequest;
use crate::form::FieldError;
use crate::time::Timestamp;

/// What a definition would send, for each kind of message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomPreview {
    /// The alert whose facts fill it in: its monitor and when it was told. `None`: the facts are made up, as no alert is kept.
    pub from: Option<(String, Timestamp)>,
    /// An error, an OK and a reminder; empty when the definition cannot be read at all.
    pub messages: Vec<PreviewedMessage>,
    /// What is wrong, each with its place in the definition, such as `definitions[0].steps[1].url`; empty for the whole of it.
    pub errors: Vec<FieldError>,
    /// What works but is probably not meant, likewise.
    pub warnings: Vec<FieldError>,
}

/// What would be sent for one kind of message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedMessage {
    /// The kind.
    pub kind: AlertKind,
    /// One a step; none when nothing is sent, or when [`Self::errors`] says why nothing can be.
    pub steps: Vec<PreviewedStep>,
    /// What cannot be filled in.
    pub errors: Vec<FieldError>,
}

/// A variable or a function of the template language, for people to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateWord {
    /// How it is written, such as `{{@monitor.name}}`.
    pub write: String,
    /// What it holds or gives, a sentence.
    pub meaning: String,
    /// A value of a variable; empty for functions.
    pub example: String,
    /// Whether people or servers wrote what it holds, so that it needs encoding inside JSON.
    pub free_text: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedStep {
    /// What its author calls it; may be empty.
    pub name: String,
    /// How it authenticates, in words; empty when it does not.
    pub auth: String,
    /// What is sent, without secrets.
    pub request: ShownRequest,
}
