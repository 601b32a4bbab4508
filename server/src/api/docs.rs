//! The description of the API for programs and for people. The page is written here, because those that others offer load scripts from
//! elsewhere: it needs none, and its styles are the console's.

use std::fmt::Write as _;
use std::sync::OnceLock;

use app::components::icon;
use axum::Json;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use domain::integration::ProviderKind;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::project::provider;
use crate::assets;

/// The first words of the description.
pub(super) const INTRODUCTION: &str = "Monitors, incidents, integrations and what is told to whom. Bodies are JSON, with the name of the \
    resource around them or without it; keys that are not known are passed over. Times are UTC. Lists take `page` and `per_page`.";
/// How programs say who they are.
pub(super) const TOKENS: &str =
    "A token of the project: `Authorization: Bearer pharos_…`. `pharos token create NAME` makes one.";
/// The groups, each with what it is about.
const GROUPS: &[(&str, &str, &str)] = &[
    ("integrations", "Integrations", "Where messages go."),
    ("network_monitors", "Monitors", "What is checked."),
    ("incidents", "Incidents", "Stretches of time in which something was wrong."),
    ("deliveries", "Deliveries", "The log of what was sent."),
    ("events", "Events", "Subscriptions of integrations to events."),
    ("alert_definitions", "Alert definitions", "Who hears of outages, when, and how often."),
    ("project", "Project", "What is of the whole project."),
];

/// `GET /api/openapi.json`.
pub(super) async fn json() -> Json<&'static OpenApi> {
    Json(super::openapi())
}

/// `GET /api/docs`.
pub(super) async fn page() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| write(&serde_json::to_value(super::openapi()).unwrap_or_default()));
    ([(header::CACHE_CONTROL, "no-cache")], Html(page.as_str())).into_response()
}

// Writing to a text does not fail, so what `write!` says is dropped here and below.
fn write(api: &Value) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>API · Pharos</title>\
         <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">\
         <link rel=\"stylesheet\" href=\"{}\"></head><body class=\"api\">",
        assets::url("/pkg/pharos.css")
    );
    let _ = write!(
        html,
        "<header class=\"api-head\"><a class=\"wordmark\" href=\"/console\"><svg class=\"mark\" aria-hidden=\"true\"><use href=\"{}\"></use></svg>Pharos</a><h1>Pharos API</h1><p>{}</p><p>{}</p><p><a href=\"/api/openapi.json\">openapi.json</a> · version {}</p></header>",
        icon::link("mark"),
        marked(INTRODUCTION),
        marked(TOKENS),
        text(&api["info"]["version"])
    );
    html.push_str("<div class=\"api-body\"><nav class=\"api-nav\" aria-label=\"Groups\"><ul>");
    for (id, title, _) in GROUPS {
        let _ = write!(html, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    html.push_str("<li><a href=\"#types\">Integration types</a></li></ul></nav><main class=\"api-main\">");
    for (id, title, about) in GROUPS {
        let _ = write!(html, "<section id=\"{id}\"><h2>{title}</h2><p>{about}</p>");
        for (path, item) in api["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"].get(0).and_then(Value::as_str) == Some(id) {
                    self::operation(&mut html, api, method, path, operation);
                }
            }
        }
        html.push_str("</section>");
    }
    types(&mut html);
    html.push_str("</main></div></body></html>");
    html
}

fn operation(html: &mut String, api: &Value, method: &str, path: &str, operation: &Value) {
    let _ = write!(
        html,
        "<details class=\"api-op\"><summary><code class=\"api-method\" data-method=\"{method}\">{}</code> <code class=\"api-path\">{}</code> \
         <span>{}</span></summary><div class=\"api-op-body\">",
        method.to_uppercase(),
        escaped(path),
        text(&operation["summary"])
    );
    if let Some(about) = operation["description"].as_str() {
        let _ = write!(html, "<p>{}</p>", marked(about));
    }
    let parameters = operation["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|list| !list.is_empty()) {
        let rows = parameters.iter().map(|one| {
            let place = format!("{}, {}", text(&one["in"]), type_of(&one["schema"]));
            (
                text(&one["name"]),
                place,
                one["required"] == true,
                one["description"].as_str().unwrap_or_default(),
            )
        });
        table(html, "Parameters", rows);
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        fields(html, api, "Body", body, true, 0);
    }
    let answers = operation["responses"].as_object();
    for (status, answer) in answers.into_iter().flatten().filter(|(status, _)| status.starts_with('2')) {
        let schema = &answer["content"]["application/json"]["schema"];
        let title = format!("{status}: {}", text(&answer["description"]));
        if schema.is_null() {
            let _ = write!(html, "<h3>{title}</h3>");
        } else {
            fields(html, api, &title, schema, false, 0);
        }
    }
    html.push_str("</div></details>");
}

/// The fields of a schema, and below them those of the objects in it. Of what is `sent`, some fields are required; of what is answered, all
/// are there.
fn fields(html: &mut String, api: &Value, title: &str, schema: &Value, sent: bool, depth: usize) {
    let schema = resolved(api, schema);
    let list = schema["type"] == "array";
    let schema = if list { resolved(api, &schema["items"]) } else { schema };
    let parts: Vec<_> = match schema["allOf"].as_array() {
        Some(parts) => parts.iter().map(|part| resolved(api, part)).collect(),
        None => vec![schema],
    };
    let mut nested = Vec::new();
    let mut rows = Vec::new();
    for part in parts {
        let required = |name: &String| {
            sent && part["required"]
                .as_array()
                .is_some_and(|list| list.iter().any(|one| one == name.as_str()))
        };
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            let inner = resolved(api, field);
            let items = resolved(api, &inner["items"]);
            if inner["properties"].is_object() || items["properties"].is_object() {
                nested.push((name, inner));
            }
            let about = field["description"].as_str().or(inner["description"].as_str()).unwrap_or_default();
            rows.push((escaped(name), type_of(inner), required(name), about));
        }
    }
    let heading = if list { format!("{title} (a list)") } else { title.to_owned() };
    table(html, &heading, rows.into_iter());
    // Deep enough for everything that there is, and no schema can lead us round and round.
    for (name, inner) in nested.into_iter().filter(|_| depth < 4) {
        fields(html, api, &format!("<code>{}</code>", escaped(name)), inner, sent, depth + 1);
    }
}

fn table<'a>(html: &mut String, title: &str, rows: impl Iterator<Item = (String, String, bool, &'a str)>) {
    let _ = write!(html, "<h3>{title}</h3>");
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    html.push_str("<div class=\"api-scroll\"><table><tbody>");
    for (name, kind, required, about) in rows {
        let required = if required { " <b>required</b>" } else { "" };
        let _ = write!(
            html,
            "<tr><th scope=\"row\"><code>{name}</code></th><td>{kind}{required}</td><td>{}</td></tr>",
            marked(about)
        );
    }
    html.push_str("</tbody></table></div>");
}

fn types(html: &mut String) {
    html.push_str("<section id=\"types\"><h2>Integration types</h2><p>What <code>settings</code> of each type may say.</p>");
    for kind in ProviderKind::ALL {
        let body = provider(*kind);
        let _ = write!(
            html,
            "<details class=\"api-op\"><summary><code class=\"api-path\">{}</code> <span>{}</span></summary><div class=\"api-op-body\"><p>{}</p>",
            escaped(&body.kind),
            escaped(body.display_name),
            escaped(body.description)
        );
        fields(html, &Value::Null, "Settings", &body.config_schema, true, 0);
        html.push_str("</div></details>");
    }
    html.push_str("</section>");
}

/// What a reference leads to; of a choice with nothing, the other one.
fn resolved<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(one) =
        schema["oneOf"].as_array().and_then(|list| list.iter().find(|one| one["type"] != "null"))
    {
        return resolved(api, one);
    }
    let Some(pointer) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) else {
        return schema;
    };
    api.pointer(pointer).unwrap_or(schema)
}

fn type_of(schema: &Value) -> String {
    let word = match &schema["type"] {
        Value::String(word) => word.clone(),
        Value::Array(words) => {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            words.join(" or ")
        }
        _ => "any".to_owned(),
    };
    let values = schema["enum"].as_array();
    let values = values.map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    escaped(&values.map_or(word, |values| format!("one of {values}")))
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escaped, with what stands between backticks as code.
fn marked(text: &str) -> String {
    let parts = escaped(text);
    let marked = parts.split('`').enumerate().map(|(place, part)| match place % 2 {
        1 => format!("<code>{part}</code>"),
        _ => part.to_owned(),
    });
    marked.collect()
}
