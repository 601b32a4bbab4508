//! teams: cards in a channel or a chat of Microsoft Teams, by a workflow that waits for a webhook.

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_secret_url, read_form, read_secret_url, shown_host};
use crate::form::{Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

/// What the address of a workflow looks like.
const EXAMPLE: &str = "https://prod-00.westeurope.logic.azure.com/workflows/…";

/// Where cards go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamsSettings {
    /// The address of the workflow: it holds a signature, so whoever knows it can post.
    pub url: Secret,
}

impl TeamsSettings {
    /// Cards by a workflow.
    pub fn to(url: &str) -> Self {
        Self { url: url.into() }
    }
}

impl ProviderSettings for TeamsSettings {
    const LABEL: &'static str = "Microsoft Teams";
    const DESCRIPTION: &'static str = "A card in a channel or a chat, by a workflow.";
    const ICON: &'static str = "users";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[
        Field::new("url", "Workflow URL", FieldKind::Secret).required().placeholder(EXAMPLE).help(
            "In Teams: the channel's menu, Workflows, “Send webhook alerts to a channel”; copy the address at its end.",
        ),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            url: read_secret_url(reader, "url", old.map(|old| &old.url)).unwrap_or_default(),
        })
    }

    fn to_form(&self) -> Form {
        let mut form = Form::new();
        put_secret(&mut form, "url", Some(&self.url));
        form
    }

    fn target(&self) -> String {
        shown_host(self.url.expose())
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        examine_secret_url("url", &self.url, EXAMPLE, errors);
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.url]
    }
}
