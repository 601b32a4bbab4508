//! Jira against a stand-in that holds to the REST API v3 and keeps the issues.

mod site;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::integration::jira::FieldMapping;
use domain::integration::{IntegrationSettings, JiraSettings};
use domain::message::{Body, Message};
use engine::chance::Chance;
use engine::providers::{self, DeliveryError, Receipt};
use serde_json::{Value, json};

use super::support::{self, CONSOLE, Server, deliver, deliver_after, incident_id};
use site::{Site, created, refused, start};

const TOKEN: &str = "ATATT3xFfGF0";

fn of_project(url: &str) -> JiraSettings {
    JiraSettings::in_project(url, "me@example.org", TOKEN, "OPS")
}

fn settings(url: &str) -> IntegrationSettings {
    of_project(url).into()
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
            "description": document(&[paragraph(&["Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.", target]), paragraph(&[&link])]),
        } })
    );

    let comments = [
        (
            support::reminder(),
            "Shop <EU> & more is still down",
            vec!["Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.", target],
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
