//! A stand-in that holds to the REST API v3 and keeps the issues.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::TOKEN;
use crate::support::{Heard, Reply, Server};

/// An issue.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) fields: Value,
    pub(super) done: bool,
    pub(super) comments: Vec<Value>,
}

/// A site with one project.
#[derive(Default)]
pub(super) struct Site {
    pub(super) issues: Mutex<Vec<Issue>>,
    /// Whether its workflow knows no way to a finished status.
    pub(super) endless: bool,
}

pub(super) fn refused(status: u16, messages: &[&str], errors: &Value) -> Reply {
    Reply::json(status, &json!({ "errorMessages": messages, "errors": errors }))
}

/// Whether a value is a document that Jira takes: nothing of it may be empty.
fn is_document(value: &Value) -> bool {
    let content = value["content"].as_array();
    let of = |node: &Value, name: &str| node["type"] == name;
    (&value["type"], &value["version"]) == (&json!("doc"), &json!(1))
        && content.is_some_and(|paragraphs| {
            paragraphs.iter().all(|paragraph| {
                let nodes = paragraph["content"].as_array();
                of(paragraph, "paragraph")
                    && nodes.is_some_and(|nodes| {
                        let text = |node: &Value| node["text"].as_str().is_some_and(|text| !text.is_empty());
                        nodes.iter().all(|node| of(node, "hardBreak") || (of(node, "text") && text(node)))
                    })
            })
        })
        && value.to_string().chars().count() < 33_500
}

impl Site {
    fn answer(&self, heard: &Heard) -> Reply {
        let pair = BASE64.encode(format!("me@example.org:{TOKEN}"));
        if heard.header("authorization") != format!("Basic {pair}") {
            return Reply::text(401, "Client must be authenticated to access this resource.");
        }
        let (path, query) = heard.path.split_once('?').unwrap_or((&heard.path, ""));
        let parts: Vec<_> = path.trim_start_matches("/rest/api/3/").split('/').collect();
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        match (heard.method.as_str(), parts.as_slice()) {
            ("GET", ["myself"]) => Reply::json(200, &json!({ "accountId": "5b10", "displayName": "Pharos" })),
            ("GET", ["project", "OPS"]) => Reply::json(200, &json!({ "key": "OPS", "name": "Operations" })),
            ("GET", ["project", key]) => {
                refused(404, &[&format!("No project could be found with key '{key}'.")], &json!({}))
            }
            ("GET", ["search", "jql"]) => self.search(&query),
            ("POST", ["issue"]) => self.create(&heard.json()["fields"]),
            (method, ["issue", key, rest @ ..]) => self.change(method, key, rest, &heard.json()),
            _ => Reply::text(404, "not found"),
        }
    }

    fn search(&self, query: &[(String, String)]) -> Reply {
        let value = |name: &str| {
            query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
        };
        let Some((_, label)) = value("jql").split_once("labels = \"") else {
            return refused(400, &["Unbounded JQL queries are not allowed here."], &json!({}));
        };
        let label = label.split('"').next().unwrap();
        let only_open = value("jql").contains("statusCategory != Done");
        let issues = self.issues.lock().unwrap();
        let found = issues
            .iter()
            .enumerate()
            .filter(|(_, issue)| issue.fields["labels"][0] == label && !(only_open && issue.done))
            .map(|(number, _)| json!({ "id": (number + 10_000).to_string(), "key": format!("OPS-{}", number + 1) }));
        Reply::json(200, &json!({ "issues": found.collect::<Vec<_>>(), "isLast": true }))
    }

    fn create(&self, fields: &Value) -> Reply {
        let mut wrong = serde_json::Map::new();
        let summary = fields["summary"].as_str().unwrap_or_default();
        if summary.is_empty() || summary.chars().count() > 255 || summary.contains('\n') {
            wrong
                .insert("summary".to_owned(), json!("Summary must be one line of less than 255 characters."));
        }
        if fields["project"]["key"] != "OPS" {
            wrong.insert("project".to_owned(), json!("valid project is required"));
        }
        if fields["issuetype"] != json!({ "name": "Task" }) && fields["issuetype"] != json!({ "id": "10004" })
        {
            wrong.insert("issuetype".to_owned(), json!("Specify a valid issue type"));
        }
        if !is_document(&fields["description"]) {
            wrong.insert("description".to_owned(), json!("Operation value must be an Atlassian Document"));
        }
        if fields["labels"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|label| label.as_str().unwrap().contains(' '))
        {
            wrong.insert("labels".to_owned(), json!("The label contains spaces which is invalid."));
        }
        if !wrong.is_empty() {
            return refused(400, &[], &Value::Object(wrong));
        }
        let mut issues = self.issues.lock().unwrap();
        issues.push(Issue { fields: fields.clone(), done: false, comments: Vec::new() });
        created(issues.len())
    }

    fn change(&self, method: &str, key: &str, rest: &[&str], body: &Value) -> Reply {
        let mut issues = self.issues.lock().unwrap();
        let number = key.strip_prefix("OPS-").and_then(|number| number.parse::<usize>().ok()).unwrap_or(0);
        let Some(issue) = number.checked_sub(1).and_then(|at| issues.get_mut(at)) else {
            let message = "Issue does not exist or you do not have permission to see it.";
            return refused(404, &[message], &json!({}));
        };
        let status = |key: &str| json!({ "name": "s", "statusCategory": { "key": key } });
        match (method, rest) {
            ("GET", []) => {
                let status = status(if issue.done { "done" } else { "new" });
                Reply::json(200, &json!({ "key": key, "fields": { "status": status } }))
            }
            ("POST", ["comment"]) if is_document(&body["body"]) => {
                issue.comments.push(body["body"].clone());
                Reply::json(201, &json!({ "id": "1" }))
            }
            ("GET", ["transitions"]) => {
                let mut known = vec![json!({ "id": "11", "name": "Start", "to": status("indeterminate") })];
                if !self.endless {
                    known.push(json!({ "id": "31", "name": "Finish", "to": status("done") }));
                    known.push(json!({ "id": "41", "name": "Will not do", "to": status("done") }));
                }
                Reply::json(200, &json!({ "transitions": known }))
            }
            ("POST", ["transitions"])
                if ["31", "41"].contains(&body["transition"]["id"].as_str().unwrap()) =>
            {
                issue.done = true;
                issue.fields["finished"] = body.clone();
                Reply::text(204, "")
            }
            _ => refused(400, &["no such operation"], &json!({})),
        }
    }
}

pub(super) fn created(number: usize) -> Reply {
    let (id, key) = ((number + 9_999).to_string(), format!("OPS-{number}"));
    Reply::json(
        201,
        &json!({ "id": id, "key": key, "self": "https://example.atlassian.net/rest/api/3/issue/10000" }),
    )
}

pub(super) async fn start(site: Site) -> (Arc<Site>, Server) {
    let site = Arc::new(site);
    let kept = Arc::clone(&site);
    (site, Server::start(move |heard| kept.answer(heard)).await)
}
