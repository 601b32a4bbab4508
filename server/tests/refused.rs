//! Forms that are refused, as a browser without scripts sends and sees them: what is wrong stands at its field, and what was said stays.

use domain::check::CheckKind;
use domain::id::MonitorId;
use domain::person::Viewer;
use domain::views::console::ComponentDraft;
use reqwest::Method;

use crate::support::{Actor, TestApp, tag};

/// Sends a form from a page; what people see of the page that comes back.
async fn refused(
    app: &TestApp,
    viewer: &Actor,
    from: &str,
    function: &str,
    fields: &[(&str, &str)],
) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let request =
        app.request(viewer, Method::POST, &format!("/api/{function}")).header("accept", "text/html");
    let request = request.header("referer", format!("http://{}{from}", app.running.address));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], from);
    let page = app.request(viewer, Method::GET, from).send().await.unwrap().text().await.unwrap();
    let page = page.replace("<!>", "");
    let mut parts = page.split("<script");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |seen, part| seen + part.split_once("</script>").map_or("", |(_, rest)| rest))
}

#[tokio::test]
async fn a_component_says_that_a_monitor_is_gone() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let draft = ComponentDraft { name: "Shop".to_owned(), ..ComponentDraft::default() };
    let id = app.running.state.services.add_component(&Viewer::System, &draft).await.unwrap();
    let gone = MonitorId::new([7; 13]);
    let fields = [("component", id.as_str()), ("name", "Store"), ("monitors[]", gone.as_str())];
    let page = refused(&app, &viewer, &format!("/console/page?edit={id}"), "edit_component", &fields).await;
    assert!(
        page.contains("data-wrong") && page.contains("One of these monitors is gone; choose again."),
        "{page}"
    );
    assert!(page.contains("value=\"Store\""));
    app.close().await;
}

#[tokio::test]
async fn the_new_name_of_a_group_is_in_sight_when_it_was_refused() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let id = app.running.state.services.add_group(&Viewer::System, "Europe").await.unwrap();
    let name = "e".repeat(121);
    let fields = [("group", id.as_str()), ("name", &name)];
    let page = refused(&app, &viewer, "/console/page", "rename_group", &fields).await;
    assert!(tag(&page, "class=\"rename\"").contains(" open"), "{page}");
    assert!(page.contains("Write a name of one line") && page.contains(&name));
    app.close().await;
}

#[tokio::test]
async fn a_stored_secret_that_is_to_go_stays_ticked() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut form = domain::monitor_form::empty_form(CheckKind::Http);
    form.extend([pair("name", "Shop"), pair("url", "http://127.0.0.1:9/"), pair("auth", "basic")]);
    form.extend([pair("username", "me"), pair("password", "hunter22")]);
    let services = &app.running.state.services;
    let id = services.add_monitor(&Viewer::System, &form).await.unwrap();
    let fields = [
        ("monitor", id.as_str()),
        ("version", "1"),
        ("form[kind]", "http"),
        ("form[name]", "Shop"),
        ("form[url]", "http://127.0.0.1:9/"),
        ("form[interval]", "soon"),
        ("form[password.clear]", "true"),
    ];
    let page = refused(&app, &viewer, &format!("/console/monitors/{id}/edit"), "edit_monitor", &fields).await;
    assert!(page.contains("“soon” does not fit"), "{page}");
    let tick = tag(&page, "name=\"form[password.clear]\"");
    assert!(tick.contains("checked"), "{tick}");
    let fresh = app.request(&viewer, Method::GET, &format!("/console/monitors/{id}/edit"));
    let fresh = fresh.send().await.unwrap().text().await.unwrap();
    assert!(!tag(&fresh, "name=\"form[password.clear]\"").contains("checked"));
    app.close().await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_subscription_is_said_at_once() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let fields = [("subscription", ""), ("name", " "), ("integration", ""), ("scope", "these")];
    let page = refused(&app, &viewer, "/console/subscriptions/new", "save_subscription", &fields).await;
    assert!(page.contains("4 fields need a look."), "{page}");
    for words in [
        "Please give it a name",
        "Please choose at least one event.",
        "Please choose who shall hear.",
        "Tick at least one monitor, or choose all of them.",
    ] {
        assert!(page.contains(words), "{words}");
    }
    app.close().await;
}
