//! Lists of the console that have grown long, as a browser without scripts sees them: page by page, searched on the server.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::alert::{DefinitionDraft, Level, LevelTarget};
use domain::check::CheckKind;
use domain::id::{IntegrationId, MonitorId};
use domain::integration::ProviderKind;
use domain::person::Viewer;
use domain::views::console::SubscriptionDraft;
use engine::services::Services;
use engine::store::Db;
use reqwest::Method;
use sqlx::{Connection as _, SqliteConnection};

use crate::support::{Actor, TestApp};

/// Rows of a list that has grown long.
const MANY: usize = 120;
/// What no page of a list weighs more than, in bytes: without compression, with everything that the browser takes over.
const HEAVY: usize = 200_000;

async fn read(app: &TestApp, viewer: &Actor, path: &str) -> String {
    let page = app.request(viewer, Method::GET, path).send().await.unwrap();
    assert_eq!(page.status(), 200, "{path}");
    let page = page.text().await.unwrap();
    assert!(page.len() < HEAVY, "{path}: {} bytes", page.len());
    page
}

/// The part of a page that people see: what the browser takes over stands in scripts and marks.
fn seen(page: &str) -> String {
    let page = page.replace("<!>", "");
    let mut parts = page.split("<script");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |seen, part| seen + part.split_once("</script>").map_or("", |(_, rest)| rest))
}

async fn integration(services: &Services, name: &str) -> IntegrationId {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let form = [pair("name", name), pair("url", "http://127.0.0.1:9/"), pair("in_default", "false")].into();
    services.add_integration(&Viewer::System, ProviderKind::Webhook, &form).await.unwrap()
}

async fn monitor(services: &Services, name: &str) -> MonitorId {
    let mut push = domain::monitor_form::empty_form(CheckKind::Push);
    push.insert("name".to_owned(), name.to_owned());
    services.add_monitor(&Viewer::System, &push).await.unwrap()
}

fn level(integrations: &[&IntegrationId]) -> Level {
    let target = |integration: &&IntegrationId| LevelTarget {
        integration: (*integration).clone(),
        ok: true,
        reminders: true,
        variables: BTreeMap::new(),
    };
    Level::at_once(integrations.iter().map(target).collect())
}

async fn definition(services: &Services, name: &str, monitor: &MonitorId, integration: &IntegrationId) {
    let draft = DefinitionDraft {
        name: name.to_owned(),
        active: true,
        monitors: vec![monitor.clone()],
        levels: vec![level(&[integration])],
    };
    services.save_definition(&Viewer::System, None, &draft).await.unwrap();
}

async fn subscription(services: &Services, name: &str, integration: &IntegrationId) {
    let draft = SubscriptionDraft {
        name: name.to_owned(),
        integration: integration.clone(),
        events: vec!["incident.created".to_owned()],
        monitors: None,
        enabled: true,
    };
    services.save_subscription(&Viewer::System, None, &draft).await.unwrap();
}

/// Looks at a list of [`MANY`] things and `besides` that are called `name 000` and on: its pages, its search, and what is said when
/// nothing is found.
async fn examine(app: &TestApp, viewer: &Actor, path: &str, thing: &str, name: &str, besides: usize) {
    let all = MANY + besides;
    let first = seen(&read(app, viewer, path).await);
    assert!(first.contains(&format!("of {all}</span>")), "{path}: how many there are");
    assert!(
        first.contains("role=\"search\"") && first.contains("name=\"q\""),
        "{path}: a form that searches"
    );
    assert!(first.contains(&format!("rel=\"next\" href=\"{path}?page=2\"")), "{path}: the way on");
    let last = seen(&read(app, viewer, &format!("{path}?page=900")).await);
    assert!(last.contains(&format!("–{all} of {all}</span>")) && !last.contains("rel=\"next\""), "{path}");
    let found = seen(&read(app, viewer, &format!("{path}?q={}+07", name.to_uppercase())).await);
    assert_eq!(found.matches(&format!(">{name} 07")).count(), 10, "{path}");
    assert!(found.contains(&format!("10 {thing}s</span>")), "{path}");
    assert!(
        found.contains(&format!("value=\"{} 07\"", name.to_uppercase())),
        "{path}: what was searched for"
    );
    let pages = seen(&read(app, viewer, &format!("{path}?q={name}&page=2")).await);
    for link in [format!("href=\"{path}?q={name}\""), format!("href=\"{path}?q={name}&amp;page=3\"")] {
        assert!(pages.contains(&link), "{path}: {link}");
    }
    let none = seen(&read(app, viewer, &format!("{path}?q=%25&page=2")).await);
    assert!(none.contains(&format!("No {thing} matches “%”")), "{path}");
    assert!(none.contains(&format!("href=\"{path}\" class=\"button\">Show all</a>")), "{path}");
}

#[tokio::test]
async fn long_lists_are_shown_page_by_page_and_searched() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let shop = monitor(services, "Shop").await;
    let lists =
        ["/console/alerts", "/console/integrations", "/console/settings/tokens", "/console/subscriptions"];
    for path in lists {
        assert!(!seen(&read(&app, &viewer, path).await).contains("role=\"search\""), "{path}: a short list");
    }
    for number in 0..MANY {
        let channel = integration(services, &format!("Channel {number:03}")).await;
        definition(services, &format!("Team {number:03}"), &shop, &channel).await;
        subscription(services, &format!("Feed {number:03}"), &channel).await;
        services.create_token(&Viewer::System, &format!("Program {number:03}")).await.unwrap();
    }
    examine(&app, &viewer, "/console/alerts", "definition", "Team", 1).await;
    examine(&app, &viewer, "/console/integrations", "integration", "Channel", 0).await;
    examine(&app, &viewer, "/console/settings/tokens", "token", "Program", 0).await;
    examine(&app, &viewer, "/console/subscriptions", "subscription", "Feed", 0).await;
    let by_type = seen(&read(&app, &viewer, "/console/integrations?q=webhook").await);
    assert!(by_type.contains("1–50 of 120</span>"));

    // Whoever takes a token back stays on the page of the list.
    let list = services.tokens(&Viewer::System).await.unwrap();
    let token = list.iter().find(|token| token.name == "Program 007").unwrap();
    let here = format!("http://{}/console/settings/tokens?q=program&page=3", app.running.address);
    let revoke = app.request(&viewer, Method::POST, "/api/revoke_token").header("accept", "text/html");
    let revoke = revoke.header("content-type", "application/x-www-form-urlencoded");
    let revoke = revoke.header("referer", here).body(format!("token={}", token.id));
    let answer = revoke.send().await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/console/settings/tokens?q=program&page=3");
    app.close().await;
}

#[tokio::test]
async fn a_level_offers_few_integrations_and_what_is_ticked_is_never_lost() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let shop = monitor(services, "Shop").await;
    let mut ids = Vec::new();
    for number in 0..MANY {
        ids.push(integration(services, &format!("Channel {number:03}")).await);
    }
    let draft = DefinitionDraft {
        name: "Team".to_owned(),
        active: true,
        monitors: vec![shop.clone()],
        levels: vec![level(&[&ids[77]]), level(&[&ids[99], &ids[98]])],
    };
    let id = services.save_definition(&Viewer::System, None, &draft).await.unwrap();
    let path = format!("/console/alerts/{id}");
    let tell = |level: usize, number: usize| format!("form[levels.{level}.tell.{}]", ids[number]);
    let page = seen(&read(&app, &viewer, &path).await);
    let offered = |page: &str, level: usize| -> Vec<usize> {
        let all = (0..MANY).filter(|number| page.contains(&format!("name=\"{}\"", tell(level, *number))));
        all.collect()
    };
    assert_eq!(offered(&page, 0), (0..12).chain([77]).collect::<Vec<_>>());
    assert_eq!(offered(&page, 1), (0..12).chain([98, 99]).collect::<Vec<_>>());
    assert!(page.contains("The first 13 of 120; search for the others"));

    // Without scripts: ticked, unticked, searched for on the second level, and nothing is saved.
    let (ticked, kept, find) = (tell(0, 5), tell(1, 98), "form[levels.1.find]");
    let mut fields = vec![
        ("definition", id.as_str()),
        ("version", "1"),
        ("form[name]", "Team"),
        ("form[active]", "true"),
        ("form[levels]", "2"),
        ("form[levels.0.count]", "1"),
        ("form[levels.0.reminders]", "0"),
        ("form[levels.0.reminder_minutes]", "30"),
        ("form[levels.1.count]", "1"),
        ("form[levels.1.reminders]", "0"),
        ("form[levels.1.reminder_minutes]", "30"),
        ("form[levels.1.message]", "Wake up"),
        (ticked.as_str(), "true"),
        (kept.as_str(), "true"),
        ("monitors[]", shop.as_str()),
        (find, "CHANNEL 04"),
        ("look", "true"),
    ];
    let send = async |fields: &[(&str, &str)]| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let request =
            app.request(&viewer, Method::POST, "/api/save_definition").header("accept", "text/html");
        let request = request.header("referer", format!("http://{}{path}", app.running.address));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    let page = seen(&read(&app, &viewer, &send(&fields).await).await);
    assert_eq!(offered(&page, 0), (0..13).collect::<Vec<_>>());
    assert_eq!(offered(&page, 1), (40..50).chain([98]).collect::<Vec<_>>());
    assert!(page.contains("10 of 120 integrations") && page.contains(">Wake up</textarea>"), "{page}");
    for name in [&ticked, &kept] {
        assert!(page.contains(&format!("name=\"{name}\" value=\"true\" checked")), "{name}");
    }
    assert_eq!(services.definitions(&Viewer::System).await.unwrap()[1].version, 1);

    // Saved: what was searched by is no part of it.
    fields.pop();
    assert_eq!(send(&fields).await, "/console/alerts");
    let saved = services.definitions(&Viewer::System).await.unwrap().remove(1).draft;
    let told = |level: usize| saved.levels[level].targets.iter().map(|target| &target.integration);
    assert!(told(0).eq([&ids[5]]) && told(1).eq([&ids[98]]), "{saved:?}");
    app.close().await;
}

#[tokio::test]
async fn a_definition_shows_some_of_its_many_monitors_and_keeps_the_others() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let mut ids = Vec::new();
    for number in 0..320 {
        ids.push(monitor(services, &format!("Branch {number:03}")).await);
    }
    let channel = integration(services, "Channel").await;
    // All but the last ten.
    let draft = DefinitionDraft {
        name: "Team".to_owned(),
        active: true,
        monitors: ids[..310].to_vec(),
        levels: vec![level(&[&channel])],
    };
    let id = services.save_definition(&Viewer::System, None, &draft).await.unwrap();
    let path = format!("/console/alerts/{id}");
    // The numbers of the boxes that are drawn, and of those that are ticked.
    let boxes = |page: &str| -> (Vec<usize>, Vec<usize>) {
        let rows = page.split("name=\"monitors[]\"").skip(1).map(|rest| rest.split('>').next().unwrap());
        let rows = rows.map(|row| {
            let number = ids.iter().position(|id| row.contains(id.as_str())).unwrap();
            (number, row.contains("checked"))
        });
        let (mut drawn, mut ticked) = (Vec::new(), Vec::new());
        for (number, is_ticked) in rows {
            drawn.push(number);
            ticked.extend(is_ticked.then_some(number));
        }
        drawn.sort_unstable();
        ticked.sort_unstable();
        (drawn, ticked)
    };
    let said = |page: &str| {
        page.split("name=\"said\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let page = seen(&read(&app, &viewer, &path).await);
    let all: Vec<_> = (0..200).collect();
    assert_eq!(boxes(&page), (all.clone(), all));
    assert!(page.contains("310 are ticked."), "{page}");
    let found = seen(&read(&app, &viewer, &format!("{path}?find=branch+31")).await);
    let front: Vec<_> = (0..50).collect();
    assert_eq!(boxes(&found), ([front.clone(), (310..320).collect()].concat(), front), "those in front stay");

    // Sends what a browser without scripts does, with these ticked.
    let send = async |page: &str, ticked: &[usize], more: &[(&str, &str)]| {
        let tell = format!("form[levels.0.tell.{channel}]");
        let said = said(page);
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([("definition", id.as_str()), ("version", "1"), ("said", &said)]);
        form.extend_pairs([("form[name]", "Team"), ("form[active]", "true"), ("form[levels]", "1")]);
        form.extend_pairs([("form[levels.0.count]", "1"), ("form[levels.0.reminders]", "0")]);
        form.extend_pairs([("form[levels.0.reminder_minutes]", "30"), (tell.as_str(), "true")]);
        form.extend_pairs(ticked.iter().map(|number| ("monitors[]", ids[*number].as_str())));
        form.extend_pairs(more);
        let request =
            app.request(&viewer, Method::POST, "/api/save_definition").header("accept", "text/html");
        let request = request.header("referer", format!("http://{}{path}", app.running.address));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()["location"].to_str().unwrap().split('#').next().unwrap().to_owned()
    };
    // Without 3 and 150; then 260 goes and 315 comes, which are found by searching.
    let (_, ticked) = boxes(&page);
    let rest: Vec<_> = ticked.into_iter().filter(|number| ![3, 150].contains(number)).collect();
    let to = send(&page, &rest, &[("find", "branch 26"), ("look", "true")]).await;
    let page = seen(&read(&app, &viewer, &to).await);
    let (drawn, ticked) = boxes(&page);
    assert!(!drawn.contains(&3) && drawn.ends_with(&[268, 269]), "{drawn:?}");
    assert_eq!(drawn, ticked);
    let rest: Vec<_> = ticked.into_iter().filter(|number| *number != 260).collect();
    let to = send(&page, &rest, &[("find", "branch 31"), ("look", "true")]).await;
    let page = seen(&read(&app, &viewer, &to).await);
    let (_, ticked) = boxes(&page);
    let to = send(&page, &[ticked, vec![315]].concat(), &[("find", "branch 0"), ("look", "true")]).await;
    let page = seen(&read(&app, &viewer, &to).await);
    let (drawn, ticked) = boxes(&page);
    assert!(drawn.contains(&3) && !ticked.contains(&3) && ticked.contains(&315), "{ticked:?}");
    assert_eq!(services.definitions(&Viewer::System).await.unwrap()[1].version, 1, "nothing is saved yet");
    assert_eq!(send(&page, &ticked, &[]).await, "/console/alerts");
    let saved = services.definitions(&Viewer::System).await.unwrap().remove(1).draft.monitors;
    let mut saved: Vec<_> =
        saved.iter().map(|id| ids.iter().position(|known| known == id).unwrap()).collect();
    saved.sort_unstable();
    let gone = [3, 150, 260];
    let expected: Vec<_> = (0..310).chain([315]).filter(|number| !gone.contains(number)).collect();
    assert_eq!(saved, expected);
    app.close().await;
}

#[tokio::test]
async fn a_definition_whose_hidden_monitors_cannot_be_read_is_not_saved_without_them() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let mut ids = [monitor(services, "Shown").await, monitor(services, "Hidden").await];
    let channel = integration(services, "Channel").await;
    let draft = DefinitionDraft {
        name: "Team".to_owned(),
        active: true,
        monitors: ids.to_vec(),
        levels: vec![level(&[&channel])],
    };
    let id = services.save_definition(&Viewer::System, None, &draft).await.unwrap();
    // What is named cannot be read for a moment, and nobody can write until it can be read again.
    let mut db = SqliteConnection::connect(&Db::sqlite_url(&app.folder.join("pharos.db"))).await.unwrap();
    let away = "alter table alert_definition_monitors rename to away; begin immediate";
    sqlx::raw_sql(away).execute(&mut db).await.unwrap();
    let tell = format!("form[levels.0.tell.{channel}]");
    let form = [
        ("definition", id.as_str()),
        ("version", "1"),
        ("said", ids[0].as_str()),
        ("monitors[]", ids[0].as_str()),
        ("form[name]", "Team"),
        ("form[active]", "true"),
        ("form[levels]", "1"),
        ("form[levels.0.count]", "1"),
        ("form[levels.0.reminders]", "0"),
        ("form[levels.0.reminder_minutes]", "30"),
        (tell.as_str(), "true"),
    ];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = app.request(&viewer, Method::POST, "/api/save_definition").header("accept", "text/html");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let saving = tokio::spawn(request.send());
    // Who saves all the same waits to write, and then does.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let is_answered = saving.is_finished();
    let back = "alter table away rename to alert_definition_monitors; commit";
    sqlx::raw_sql(back).execute(&mut db).await.unwrap();
    let answer = saving.await.unwrap().unwrap();
    let status = answer.status();
    let mut kept = services.definitions(&Viewer::System).await.unwrap().remove(1);
    kept.draft.monitors.sort_unstable();
    ids.sort_unstable();
    assert_eq!((kept.draft.monitors.as_slice(), kept.version), (ids.as_slice(), 1), "{status}");
    assert!(is_answered && status.is_server_error(), "{status}");
    app.close().await;
}

#[tokio::test]
async fn incidents_are_searched_beside_their_tabs() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let empty = read(&app, &viewer, "/console/incidents").await;
    assert!(empty.contains("Nothing is burning"));
    let none = seen(&read(&app, &viewer, "/console/incidents?q=shop+%26+co").await);
    assert!(none.contains("No open incident matches “shop &amp; co”"), "{none}");
    assert!(none.contains("href=\"/console/incidents\" class=\"button\">Show all</a>"), "{none}");
    let everywhere = "href=\"/console/incidents?which=all&amp;q=shop%20%26%20co\"";
    assert!(none.contains(everywhere) || none.contains(&everywhere.replace("%20", "+")), "{none}");
    // The tabs keep what was searched for.
    assert!(none.contains("href=\"/console/incidents?which=resolved&amp;q=shop"), "{none}");
    let resolved = seen(&read(&app, &viewer, "/console/incidents?which=resolved&q=shop").await);
    assert!(resolved.contains("name=\"which\" value=\"resolved\""), "the form keeps the tab: {resolved}");
    app.close().await;
}
