//! The calls to Jira's REST API v3 (contracts.md 8.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::integration::JiraSettings;
use reqwest::Method;
use serde_json::{Value, json};

use super::text::document;
use crate::providers::http::{Answer, Call, Outbound};
use crate::providers::words::fit;
use crate::providers::{Attempting, DeliveryError};

/// The longest quote of what Jira says is wrong, in characters.
const MAX_QUOTE: usize = 500;

/// Jira, as the account of an integration sees it.
pub(super) struct Api<'a> {
    pub(super) settings: &'a JiraSettings,
    pub(super) outbound: &'a Outbound,
    pub(super) attempting: &'a Attempting<'a>,
}

impl Api<'_> {
    /// The name of our account.
    pub(super) async fn myself(&self) -> Result<String, DeliveryError> {
        let account = self.get("/myself").await?;
        let name = account.get("displayName").and_then(Value::as_str);
        Ok(name.unwrap_or(&self.settings.email).to_owned())
    }

    /// The name of the project.
    pub(super) async fn project(&self) -> Result<String, DeliveryError> {
        let key = &self.settings.project_key;
        let project = self.get(&format!("/project/{}", encoded(key))).await?;
        Ok(project.get("name").and_then(Value::as_str).unwrap_or(key).to_owned())
    }

    /// Makes an issue and returns its key, if Jira says it.
    pub(super) async fn create(&self, fields: Value) -> Result<Option<String>, DeliveryError> {
        let issue = self.post("/issue", &json!({ "fields": fields })).await?;
        Ok(name_of(&issue))
    }

    /// The latest issue that carries a label, if one does.
    pub(super) async fn labelled(
        &self,
        label: &str,
        only_open: bool,
    ) -> Result<Option<String>, DeliveryError> {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let open = if only_open { " AND statusCategory != Done" } else { "" };
        let jql = format!(
            "project = {} AND labels = {}{open} ORDER BY created DESC",
            quoted(&self.settings.project_key),
            quoted(label)
        );
        // Without a list of fields there would be no key in the answer.
        let found =
            self.get(&format!("/search/jql?jql={}&fields=key,status&maxResults=1", encoded(&jql))).await?;
        Ok(found.pointer("/issues/0").and_then(name_of))
    }

    /// Adds a comment.
    pub(super) async fn comment(&self, issue: &str, text: &str) -> Result<(), DeliveryError> {
        let body = json!({ "body": document(text) });
        self.post(&format!("/issue/{}/comment", encoded(issue)), &body).await.map(|_| ())
    }

    /// Whether an issue is finished.
    pub(super) async fn is_done(&self, issue: &str) -> Result<bool, DeliveryError> {
        let issue = self.get(&format!("/issue/{}?fields=status", encoded(issue))).await?;
        Ok(issue.pointer("/fields/status/statusCategory/key").and_then(Value::as_str) == Some("done"))
    }

    /// Finishes an issue. When no transition leads there, the names of those that there are come back.
    pub(super) async fn finish(&self, issue: &str) -> Result<Result<(), String>, DeliveryError> {
        let path = format!("/issue/{}/transitions", encoded(issue));
        let answer = self.get(&path).await?;
        let known =
            answer.get("transitions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let Some(transition) = known.iter().find(|transition| self.fits(transition)) else {
            let names: Vec<_> = known
                .iter()
                .filter_map(|transition| transition.get("name").and_then(Value::as_str))
                .collect();
            return Ok(Err(names.join(", ")));
        };
        let mut body = json!({ "transition": { "id": transition.get("id") } });
        if let Some(resolution) = &self.settings.resolution {
            body["fields"] = json!({ "resolution": { "name": resolution } });
        }
        self.post(&path, &body).await?;
        Ok(Ok(()))
    }

    fn fits(&self, transition: &Value) -> bool {
        let text = |pointer: &str| transition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        match &self.settings.done_transition {
            None => text("/to/statusCategory/key") == "done",
            Some(wanted) => ["/name", "/to/name"]
                .into_iter()
                .any(|pointer| text(pointer).to_lowercase() == wanted.to_lowercase()),
        }
    }

    async fn get(&self, path: &str) -> Result<Value, DeliveryError> {
        self.call(Call {
            method: Method::GET,
            body: String::new(),
            ..Call::json(self.url(path), &Value::Null)
        })
        .await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, DeliveryError> {
        self.call(Call::json(self.url(path), body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/rest/api/3{path}", self.settings.base_url.trim_end_matches('/'))
    }

    async fn call(&self, call: Call) -> Result<Value, DeliveryError> {
        let token = self.settings.api_token.expose();
        let pair = BASE64.encode(format!("{}:{token}", self.settings.email));
        let call = call
            .header("authorization", format!("Basic {pair}"))
            .header("accept", "application/json")
            .secret(pair)
            .secret(token);
        let answer = self.outbound.send(call, self.attempting).await?;
        answer.verdict(&[]).map_err(|error| explained(error, &answer))?;
        Ok(answer.json().unwrap_or_default())
    }
}

/// What is wrong stands in a list, and by field.
fn explained(error: DeliveryError, answer: &Answer) -> DeliveryError {
    if !matches!(error, DeliveryError::Permanent { .. }) {
        return error;
    }
    let json = answer.json().unwrap_or_default();
    let general = json.get("errorMessages").and_then(Value::as_array).into_iter().flatten();
    let mut wrong: Vec<_> = general.filter_map(Value::as_str).map(str::to_owned).collect();
    let fields = json.get("errors").and_then(Value::as_object).into_iter().flatten();
    wrong.extend(fields.map(|(field, why)| format!("{field}: {}", why.as_str().unwrap_or_default())));
    if wrong.is_empty() {
        return error;
    }
    let advice = match answer.status {
        401 => " Check e-mail address and API token.",
        403 => " Give the account the right to make, change and comment on issues of the project.",
        404 => " Check the address, the project, and whether the account may see it.",
        // The label is how an issue is found again.
        _ if json.pointer("/errors/labels").is_some() => {
            " Put the field “Labels” on the screens of this type of issue."
        }
        _ => "",
    };
    let wrong = fit(&wrong.join(" "), MAX_QUOTE);
    DeliveryError::permanent(format!("HTTP {}: Jira says: {wrong}{advice}", answer.status))
}

/// The key of an issue, or its id, which works in the same places.
fn name_of(issue: &Value) -> Option<String> {
    let text = |name: &str| issue.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("key").or_else(|| text("id")).map(str::to_owned)
}

fn encoded(text: &str) -> String {
    // Spaces as %20, which paths and queries both understand.
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
