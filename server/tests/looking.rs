//! Forms that are sent without scripts to look for monitors, or for the fields of another kind: they come back as they were.

use domain::check::CheckKind;
use domain::id::MonitorId;
use domain::person::Viewer;
use domain::views::console::{ComponentDraft, EditorQuery};
use engine::services::Services;
use reqwest::Method;

use crate::support::{Actor, TestApp};

/// Sends a form from a page; where the browser goes on to, and the page that it finds there.
async fn look(app: &TestApp, from: &str, path: &str, fields: &[(&str, &str)]) -> (String, String) {
    let viewer = app.viewer().await;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let request = app.request(&viewer, Method::POST, path).header("accept", "text/html");
    let request = request.header("referer", format!("http://{}{from}", app.running.address));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    let page = read(app, &viewer, &to).await;
    (to, page)
}

async fn read(app: &TestApp, viewer: &Actor, path: &str) -> String {
    let path = path.split('#').next().unwrap();
    app.request(viewer, Method::GET, path).send().await.unwrap().text().await.unwrap()
}

/// The first element in a page whose tag has this in it.
fn tag<'a>(page: &'a str, part: &str) -> &'a str {
    let at = page.find(part).unwrap_or_else(|| panic!("no {part} in {page}"));
    let begin = page[..=at].rfind('<').unwrap();
    &page[begin..=begin + page[begin..].find('>').unwrap()]
}

fn is_ticked(page: &str, monitor: &MonitorId) -> bool {
    let boxes = page.split("name=\"monitors[]\"").skip(1).map(|rest| rest.split('>').next().unwrap());
    boxes.into_iter().any(|rest| rest.contains(monitor.as_str()) && rest.contains("checked"))
}

/// Heartbeats of these names.
async fn monitors<const N: usize>(services: &Services, names: [&str; N]) -> [MonitorId; N] {
    let mut ids = Vec::new();
    for name in names {
        let mut form = domain::monitor_form::empty_form(CheckKind::Push);
        form.insert("name".to_owned(), name.to_owned());
        ids.push(services.add_monitor(&Viewer::System, &form).await.unwrap());
    }
    ids.try_into().unwrap()
}

#[tokio::test]
async fn a_search_keeps_what_a_monitor_is_said_to_depend_on() {
    let app = TestApp::spawn().await;
    let services = &app.running.state.services;
    let [own, router, other] = monitors(services, ["Own", "Router", "Other"]).await;
    let from = format!("/console/monitors/{own}?period=day&find=a");
    let fields =
        [("monitor", own.as_str()), ("monitors[]", router.as_str()), ("find", "other"), ("look", "true")];
    let (to, page) = look(&app, &from, "/api/set_parents", &fields).await;
    assert_eq!(to, format!("/console/monitors/{own}?find=other&period=day#parents"));
    assert!(is_ticked(&page, &router) && !is_ticked(&page, &other));
    let fold = page.split("<details").find(|part| part.contains("Depends on")).unwrap();
    assert!(fold.split('>').next().unwrap().contains("open"), "the search is in sight");
    assert!(services.quiet_of(&Viewer::System, &own).await.unwrap().1.is_empty(), "nothing was saved");
    // A refused one keeps its ticks, too.
    let loops = [("monitor", own.as_str()), ("monitors[]", own.as_str()), ("monitors[]", router.as_str())];
    let (_, page) = look(&app, &from, "/api/set_parents", &loops).await;
    assert!(page.contains("data-wrong") && is_ticked(&page, &router), "{page}");
    app.close().await;
}

#[tokio::test]
async fn a_search_keeps_what_was_typed_of_a_component() {
    let app = TestApp::spawn().await;
    let services = &app.running.state.services;
    let [api, web] = monitors(services, ["API", "Web"]).await;
    let draft = |name: &str| ComponentDraft {
        name: name.to_owned(),
        description: String::new(),
        group: None,
        monitors: vec![web.clone()],
        show_uptime: true,
        show_latency: true,
    };
    let id = services.add_component(&Viewer::System, &draft("Shop")).await.unwrap();
    let query = EditorQuery { edit: id.to_string(), ..EditorQuery::default() };
    let row = services.page_editor(&Viewer::System, &query).await.unwrap().edited.unwrap();
    let fields = [
        ("component", id.as_str()),
        ("version", &row.version()),
        ("name", "Store"),
        ("description", "Where people buy"),
        ("monitors[]", api.as_str()),
        ("show_uptime", "true"),
        ("find", "api"),
    ];
    let looking = [fields.as_slice(), &[("look", "true")]].concat();
    // Somebody else saves meanwhile; the form does not take that for its own.
    services.edit_component(&Viewer::System, &id, None, &draft("Market")).await.unwrap();
    let from = format!("/console/page?edit={id}");
    let (to, page) = look(&app, &from, "/api/edit_component", &looking).await;
    assert_eq!(to, format!("/console/page?find=api&edit={id}#edit-{id}"));
    assert!(page.contains("value=\"Store\"") && page.contains("value=\"Where people buy\""), "{page}");
    assert!(is_ticked(&page, &api) && !is_ticked(&page, &web));
    assert!(!tag(&page, "name=\"show_latency\"").contains("checked"));
    let version = tag(&page, "name=\"version\"");
    assert!(version.contains("Shop") && !version.contains("Market"), "{version}");
    assert_eq!(services.page_editor(&Viewer::System, &query).await.unwrap().edited.unwrap().name, "Market");
    let (_, page) = look(&app, &from, "/api/edit_component", &fields).await;
    assert!(page.contains("value=\"Store\"") && is_ticked(&page, &api), "refused, and as it was typed");
    app.close().await;
}

#[tokio::test]
async fn a_search_keeps_the_line_of_a_new_component() {
    let app = TestApp::spawn().await;
    let services = &app.running.state.services;
    let [api, _] = monitors(services, ["API", "Web"]).await;
    let fields = [("group", ""), ("name", "Shop"), ("monitor", api.as_str())];
    let looking = [fields.as_slice(), &[("find", "web"), ("look", "true")]].concat();
    let (to, page) = look(&app, "/console/page", "/api/add_component", &looking).await;
    assert_eq!(to, "/console/page?find=web#add-component-");
    assert!(page.contains("value=\"Shop\""), "{page}");
    let option = tag(&page, &format!("<option value=\"{api}\""));
    assert!(option.contains("selected"), "{option}");
    let (_, page) = look(&app, "/console/page", "/api/add_component", &fields).await;
    assert!(!page.contains("value=\"Shop\""), "the line is empty for the next one");
    app.close().await;
}

#[tokio::test]
async fn another_kind_keeps_what_was_typed_except_for_secrets() {
    const AGAIN: &str = "Type the secrets again.";
    let app = TestApp::spawn().await;
    let new = "/console/monitors/new";
    let viewer = app.viewer().await;
    let page = read(&app, &viewer, new).await;
    let (before, _) = page.split_once("formaction=\"/api/choose_kind\"").expect("a way without scripts");
    let first = before.find("form=\"monitor\" tabindex=\"-1\"").expect("Enter saves");
    assert!(first < before.rfind("<button").unwrap());
    let radio = tag(&page, "name=\"kind\"");
    assert!(radio.contains("form=\"monitor\""), "{radio}");
    let fields = [
        ("monitor", ""),
        ("version", "0"),
        ("form[kind]", "http"),
        ("form[name]", "Shop"),
        ("form[url]", "https://shop.example.com/"),
        ("form[headers]", "X-Api-Key: hunter22"),
        ("form[auth]", "basic"),
        ("form[username]", "me"),
        ("form[password]", "hunter22"),
        ("unticked[verify_tls]", "false"),
        ("form[interval]", "300"),
    ];
    let choose = [fields.as_slice(), &[("kind", "push")]].concat();
    let (to, page) = look(&app, new, "/api/choose_kind", &choose).await;
    assert_eq!(to, format!("{new}?kind=push"));
    assert!(!page.contains("hunter22") && page.contains(AGAIN), "{page}");
    assert!(tag(&page, "name=\"form[name]\"").contains("value=\"Shop\""));
    let kept = tag(&page, "name=\"kept[url]\"");
    assert!(kept.contains("value=\"https://shop.example.com/\"") && kept.contains("hidden"), "{kept}");
    // And back again.
    let back = [
        ("monitor", ""),
        ("form[kind]", "push"),
        ("form[name]", "Market"),
        ("kept[url]", "https://shop.example.com/"),
        ("kept[verify_tls]", "false"),
        ("kept[name]", "Old"),
        ("kind", "http"),
    ];
    let (_, page) = look(&app, new, "/api/choose_kind", &back).await;
    assert!(tag(&page, "name=\"form[url]\"").contains("value=\"https://shop.example.com/\""));
    assert!(tag(&page, "name=\"form[name]\"").contains("value=\"Market\""));
    assert!(!tag(&page, "name=\"form[verify_tls]\"").contains("checked") && !page.contains(AGAIN));
    // What is refused comes back without secrets, too, and the choice that is sent along does no harm.
    let refused = [choose.as_slice(), &[("form[timeout]", "soon")]].concat();
    let (_, page) = look(&app, new, "/api/add_monitor", &refused).await;
    assert!(page.contains("Nothing was saved yet.") && page.contains(AGAIN), "{page}");
    assert!(!page.contains("hunter22"));
    app.close().await;
}
