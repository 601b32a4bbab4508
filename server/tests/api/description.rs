//! The description of the API.

use serde_json::Value;

use crate::support::TestApp;

#[test]
fn the_paths_are_those_that_programs_know() {
    let described = serde_json::to_value(server::api::openapi()).unwrap();
    let paths = described["paths"].as_object().unwrap();
    let mut lines = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let answers: Vec<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
            lines.push(format!("{} {path} -> {}", method.to_uppercase(), answers.join(" ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let described = serde_json::to_value(server::api::openapi()).unwrap();
    let items = described["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let mut names: Vec<_> = operations.map(|one| one["operationId"].as_str().unwrap()).collect();
    for name in
        ["list_network_monitors", "list_network_monitors_integrations", "replace_alert_definitions", "pause"]
    {
        assert!(names.contains(&name), "{name} is missing of {names:?}");
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "generated clients name their methods by them");
}

#[tokio::test]
async fn the_description_is_served_and_can_be_read_without_anything_from_elsewhere() {
    let app = TestApp::spawn().await;
    let answer = app.get("/api/openapi.json").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let described: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(described["openapi"], "3.1.0");
    let page = app.get("/api/docs").await;
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let page = page.text().await.unwrap();
    for path in described["paths"].as_object().unwrap().keys() {
        assert!(page.contains(path.as_str()), "{path} is not on the page");
    }
    assert!(page.contains("href=\"/console\""), "there is a way back");
    assert!(!page.contains("<script") && !page.contains("style="), "the policy forbids both");
    app.close().await;
}

#[test]
fn bodies_are_described_as_they_are_read() {
    let described = serde_json::to_value(server::api::openapi()).unwrap();
    let schemas = &described["components"]["schemas"];
    let field = |body: &str, field: &str| {
        let found = &schemas[body]["properties"][field];
        assert!(!found.is_null(), "{body} has no {field}");
        assert!(!found.to_string().contains("null"), "{body}.{field} is never null: {found}");
        let name =
            found["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default().to_owned();
        schemas[name]["properties"].as_object().map(|known| known.keys().cloned().collect::<Vec<_>>())
    };
    let definition = field("NewDefinition", "alert_definition").unwrap();
    assert_eq!(definition, ["active", "levels", "monitors", "name"]);
    let subscription = field("NewSubscription", "event_subscription").unwrap();
    assert_eq!(subscription, ["enabled", "events", "integration_id", "monitor_ids", "name"]);
    field("MonitorEnvelope", "network_monitor").unwrap();
    field("ChangedIntegration", "integration").unwrap();
    field("ChangedDefinition", "alert_definition");
    field("ChangedSubscription", "event_subscription");
}
