//! Jira against a stand-in that holds to the REST API v3 and keeps the issues.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::integration::jira::FieldMapping;
use domain::integration::{IntegrationSettings, JiraSettings};
use domain::message::{Body, Message};
use engine::chance::Chance;
use engine::providers::{self, DeliveryError, Receipt};
use serde_json::{Value, json};

use super::support::{self, CONSOLE, Heard, Reply, Server, deliver, deliver_after, incident_id};

const TOKEN: &str = "ATATT3xFfGF0";

fn of_project(url: &str) -> JiraSettings {
    JiraSettings::in_project(url, "me@example.org", TOKEN, "OPS")
}

fn settings(url: &str) -> IntegrationSettings {
    of_project(url).into()
}

#[derive(Debug)]
struct Issue {
    fields: Value,
    done: bool,
    comments: Vec<Value>,
}

/// A site with one project.
#[derive(Default)]
struct Site {
    issues: Mutex<Vec<Issue>>,
    /// Whether its workflow knows no way to a finished status.
    endless: bool,
}

fn refused(status: u16, messages: &[&str], errors: &Value) -> Reply {
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

fn created(number: usize) -> Reply {
    let (id, key) = ((number + 9_999).to_string(), format!("OPS-{number}"));
    Reply::json(
        201,
        &json!({ "id": id, "key": key, "self": "https://example.atlassian.net/rest/api/3/issue/10000" }),
    )
}

async fn start(site: Site) -> (Arc<Site>, Server) {
    let site = Arc::new(site);
    let kept = Arc::clone(&site);
    (site, Server::start(move |heard| kept.answer(heard)).await)
}

/// As the dispatcher does after an attempt whose end nobody knows.
async fn deliver_again(settings: &IntegrationSettings, message: &Message) -> Result<Receipt, DeliveryError> {
    let (id, chance) = (support::delivery(), Chance::seeded(7));
    let mut attempting = support::attempting(&id, &chance, None);
    attempting.attempts = 1;
    providers::of(settings).deliver(&support::outbound(), message, &attempting).await
}

fn named(message: Message, event: &str) -> Message {
    let mut message = message;
    let Body::Event(note) = &mut message.body else { panic!("an event") };
    event.clone_into(&mut note.event);
    message
}

fn paragraph(lines: &[&str]) -> Value {
    let mut nodes = Vec::new();
    for line in lines {
        if !nodes.is_empty() {
            nodes.push(json!({ "type": "hardBreak" }));
        }
        let mut node = json!({ "type": "text", "text": line });
        if line.starts_with("https://") {
            node["marks"] = json!([{ "type": "link", "attrs": { "href": line } }]);
        }
        nodes.push(node);
    }
    json!({ "type": "paragraph", "content": nodes })
}

fn document(paragraphs: &[Value]) -> Value {
    json!({ "type": "doc", "version": 1, "content": paragraphs })
}

#[tokio::test]
async fn an_outage_is_one_issue_from_its_beginning_to_its_end() {
    let (site, server) = start(Site::default()).await;
    let settings = settings(&server.url);
    let target = "https://shop.example.com/?a=1&b=2";
    let link = format!("{CONSOLE}/console/incidents/{}", incident_id());

    let told = deliver(&settings, &support::error()).await;
    assert_eq!(told.external_id(), Some("OPS-1"), "{told:#?}");
    told.hides(&[TOKEN, &BASE64.encode(format!("me@example.org:{TOKEN}"))]);
    let heard = server.one();
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/rest/api/3/issue"));
    assert_eq!(
        heard.json(),
        json!({ "fields": {
            "project": { "key": "OPS" },
            "issuetype": { "name": "Task" },
            "summary": "Shop <EU> & more is down",
            "labels": [format!("pharos-{}", incident_id())],
            "description": document(&[paragraph(&["No answer within 10 s.", target]), paragraph(&[&link])]),
        } })
    );

    let comments = [
        (
            support::reminder(),
            "Shop <EU> & more is still down",
            vec!["Down for 5 min: No answer within 10 s.", target],
        ),
        (
            support::acknowledged(),
            "Shop <EU> & more is down, and Ada takes care of it",
            vec!["No answer within 10 s."],
        ),
    ];
    for (message, headline, text) in comments {
        let told = deliver_after(&settings, &message, Some("OPS-1")).await;
        assert_eq!(told.external_id(), Some("OPS-1"), "{told:#?}");
        let heard = server.one();
        assert_eq!(heard.path, "/rest/api/3/issue/OPS-1/comment");
        let body = document(&[paragraph(&[headline]), paragraph(&text), paragraph(&[&link])]);
        assert_eq!(heard.json(), json!({ "body": body }));
    }

    deliver_after(&settings, &support::ok(), Some("OPS-1")).await.result.unwrap();
    let paths: Vec<_> =
        server.heard().into_iter().map(|heard| format!("{} {}", heard.method, heard.path)).collect();
    assert_eq!(
        paths,
        [
            "GET /rest/api/3/issue/OPS-1?fields=status",
            "GET /rest/api/3/issue/OPS-1/transitions",
            "POST /rest/api/3/issue/OPS-1/transitions",
            "POST /rest/api/3/issue/OPS-1/comment",
        ]
    );
    let issues = site.issues.lock().unwrap();
    assert_eq!((issues.len(), issues[0].done, issues[0].comments.len()), (1, true, 3));
    assert_eq!(issues[0].fields["finished"], json!({ "transition": { "id": "31" } }));
}

#[tokio::test]
async fn an_issue_whose_answer_was_lost_is_not_made_twice() {
    let (site, server) = start(Site::default()).await;
    let settings = settings(&server.url);
    deliver(&settings, &support::error()).await.result.unwrap();
    let receipt = deliver_again(&settings, &support::error()).await.unwrap();
    assert_eq!(receipt.external_id.as_deref(), Some("OPS-1"));
    // What follows finds it too when nobody knows its key.
    deliver(&settings, &support::reminder()).await.result.unwrap();
    deliver(&settings, &support::ok()).await.result.unwrap();
    // Once more, as if the last answer had been lost: the transition is not repeated.
    server.heard();
    deliver_again(&settings, &support::ok()).await.unwrap();
    assert!(server.heard().iter().all(|heard| !heard.path.ends_with("/transitions")));
    {
        let issues = site.issues.lock().unwrap();
        assert_eq!((issues.len(), issues[0].done, issues[0].comments.len()), (1, true, 3));
    }
    let (site, server) = start(Site::default()).await;
    let made = deliver_again(&self::settings(&server.url), &support::error()).await.unwrap();
    assert_eq!((made.external_id.as_deref(), site.issues.lock().unwrap().len()), (Some("OPS-1"), 1));
}

#[tokio::test]
async fn an_end_without_an_issue_changes_nothing() {
    let (site, server) = start(Site::default()).await;
    for message in [support::ok(), support::acknowledged()] {
        let told = deliver(&settings(&server.url), &message).await;
        assert!(
            told.result.is_ok() && told.request.contains("No issue has the label pharos-INC"),
            "{told:#?}"
        );
    }
    assert!(site.issues.lock().unwrap().is_empty());
    deliver(&settings(&server.url), &support::group(2)).await.permanent();
}

#[tokio::test]
async fn a_workflow_without_an_end_is_explained_and_a_named_transition_is_taken() {
    let (site, server) = start(Site { endless: true, ..Site::default() }).await;
    deliver(&settings(&server.url), &support::error()).await.result.unwrap();
    let told = deliver_after(&settings(&server.url), &support::ok(), Some("OPS-1")).await;
    assert_eq!(
        told.permanent(),
        "No transition leads to a finished status for OPS-1; those that the account may use are: Start. Name one of them in the \
         settings."
    );
    assert_eq!(site.issues.lock().unwrap()[0].comments.len(), 1);

    let (site, server) = start(Site::default()).await;
    let settings = IntegrationSettings::from(JiraSettings {
        done_transition: Some("will NOT do".to_owned()),
        resolution: Some("Won't do".to_owned()),
        ..of_project(&server.url)
    });
    deliver(&settings, &support::error()).await.result.unwrap();
    deliver_after(&settings, &support::ok(), Some("OPS-1")).await.result.unwrap();
    assert_eq!(
        site.issues.lock().unwrap()[0].fields["finished"],
        json!({ "transition": { "id": "41" }, "fields": { "resolution": { "name": "Won't do" } } })
    );
    let gone = deliver_after(&settings, &support::ok(), Some("OPS-77")).await;
    assert!(gone.permanent().contains("Issue does not exist"), "{gone:#?}");
}

#[tokio::test]
async fn templates_see_the_payload_and_keep_what_they_do_not_know() {
    let (site, server) = start(Site::default()).await;
    let mapping =
        |key: &str, template: &str| FieldMapping { field_key: key.to_owned(), template: template.to_owned() };
    let settings = IntegrationSettings::from(JiraSettings {
        issue_type: "10004".to_owned(),
        priority: Some("High".to_owned()),
        summary_template: "[{{payload.incident_type}}]  {{ payload.monitor.name }}\t{{payload.nothing}}"
            .to_owned(),
        description_template: Some("{{payload.incident.id}}".to_owned()),
        field_mappings: vec![
            mapping("customfield_1", r#"{"value": "{{payload.monitor.name}}"}"#),
            mapping("environment", "{{payload.monitor.target}}"),
        ],
        ..of_project(&server.url)
    });
    deliver(&settings, &support::error()).await.result.unwrap();
    let issues = site.issues.lock().unwrap();
    let fields = &issues[0].fields;
    assert_eq!(fields["summary"], "[timeout] Shop <EU> & more {{payload.nothing}}");
    assert_eq!(fields["description"], document(&[paragraph(&[&incident_id()])]));
    assert_eq!(fields["issuetype"], json!({ "id": "10004" }));
    assert_eq!(fields["priority"], json!({ "name": "High" }));
    assert_eq!(fields["customfield_1"], json!({ "value": "Shop <EU> & more" }));
    assert_eq!(fields["environment"], "https://shop.example.com/?a=1&b=2");
}

#[tokio::test]
async fn events_are_issues_too() {
    let (site, server) = start(Site::default()).await;
    let settings = settings(&server.url);
    let incident = || support::event_with(json!({ "incidentId": "INC7", "title": "Checkout fails" }));
    // Of an incident: one issue, as for an outage.
    deliver(&settings, &incident()).await.result.unwrap();
    deliver(&settings, &named(incident(), "incident.incident.updated")).await.result.unwrap();
    deliver(&settings, &named(incident(), "incident.incident.resolved")).await.result.unwrap();
    // Of a system: one for each time.
    let system = || support::event_with(json!({ "systemId": "db", "systemName": "Database" }));
    for event in ["degraded", "healthy", "degraded"] {
        let event = format!("healthcheck.healthcheck.system.{event}");
        deliver(&settings, &named(system(), &event)).await.result.unwrap();
    }
    // Of anything else: one for each event, however often it is tried.
    let maintenance =
        named(support::event_with(json!({ "maintenanceId": "M1" })), "maintenance.maintenance.created");
    deliver(&settings, &maintenance).await.result.unwrap();
    assert_eq!(deliver_again(&settings, &maintenance).await.unwrap().external_id.as_deref(), Some("OPS-4"));

    let issues = site.issues.lock().unwrap();
    let summaries: Vec<_> =
        issues.iter().map(|issue| (issue.fields["summary"].as_str().unwrap(), issue.done)).collect();
    assert_eq!(
        summaries,
        [
            ("Incident created: Checkout fails", true),
            ("System health degraded: Database", true),
            ("System health degraded: Database", false),
            ("maintenance.maintenance.created", false),
        ]
    );
    assert_eq!(issues[0].comments.len(), 2);
}

#[tokio::test]
async fn long_texts_fit() {
    let (_, server) = start(Site::default()).await;
    let message = support::error_with(&"ü".repeat(2_000), &"🦀".repeat(40_000));
    deliver(&settings(&server.url), &message).await.result.unwrap();
    deliver_after(&settings(&server.url), &message, Some("OPS-1")).await.result.unwrap();
}

#[tokio::test]
async fn a_refusal_is_explained_and_a_limit_is_waited_for() {
    let (_, server) = start(Site::default()).await;
    let told = deliver(
        &JiraSettings { issue_type: "Bugg".to_owned(), ..of_project(&server.url) }.into(),
        &support::error(),
    )
    .await;
    assert_eq!(told.permanent(), "HTTP 400: Jira says: issuetype: Specify a valid issue type");
    let wrong = JiraSettings { api_token: "old".into(), ..of_project(&server.url) };
    let told = deliver(&wrong.clone().into(), &support::error()).await;
    assert!(told.permanent().contains("check the credentials"), "{told:#?}");

    assert_eq!(
        support::probe(&settings(&server.url)).await.unwrap(),
        Ok("Jira knows the account as Pharos, and it sees the project Operations.".to_owned())
    );
    support::probe(&wrong.into()).await.unwrap().unwrap_err();
    let elsewhere = JiraSettings { project_key: "NONE".to_owned(), ..of_project(&server.url) };
    let error = support::probe(&elsewhere.into()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("No project could be found"), "{error}");

    let labels = refused(
        400,
        &[],
        &json!({ "labels": "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown." }),
    );
    let told = deliver(&settings(&Server::saying(labels).await.url), &support::error()).await;
    assert!(
        told.permanent().ends_with("Put the field “Labels” on the screens of this type of issue."),
        "{told:#?}"
    );

    let limited = refused(429, &["Rate limit exceeded"], &json!({}));
    let limited = limited.header("retry-after", "12").header("ratelimit-reason", "jira-burst-based");
    let told = deliver(&settings(&Server::saying(limited).await.url), &support::error()).await;
    assert_eq!(told.retry().0, Some(Duration::from_secs(12)));
}

#[tokio::test]
async fn the_shared_table_of_statuses_holds() {
    support::holds_to_the_table_of_statuses(settings, &created(1), &[]).await;
}
