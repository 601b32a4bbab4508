//! Forms of the console as a browser without scripts sends them.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use domain::id::MonitorId;
use domain::integration::ProviderKind;
use domain::person::Viewer;
use domain::time::MINUTE;
use domain::views::console::EditorQuery;
use reqwest::Method;

use crate::support::{Actor, TestApp};

/// Sends a form; the status, where the browser goes on to, and its new session.
async fn send(
    app: &TestApp,
    actor: &Actor,
    path: &str,
    fields: &[(&str, &str)],
) -> (u16, String, Option<Actor>) {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let request = app.request(actor, Method::POST, path).header("accept", "text/html");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let cookie = header("set-cookie").and_then(|set| set.split(';').next().map(str::to_owned));
    let session = cookie.map(|cookie| Actor::Viewer { cookie });
    (answer.status().as_u16(), header("location").unwrap_or_default(), session)
}

#[tokio::test]
async fn a_dns_monitor_is_added_and_changed_in_the_console() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let fields = [
        ("monitor", ""),
        ("version", "0"),
        ("form[kind]", "dns"),
        ("form[record_name]", "example.org"),
        ("form[record_type]", "A"),
        ("form[match_mode]", "all"),
        ("form[name]", "Mail"),
        ("form[interval]", "60"),
        ("form[failure_threshold]", "2"),
        ("form[recovery_threshold]", "1"),
    ];
    let (status, page, _) = send(&app, &viewer, "/api/add_monitor", &fields).await;
    assert_eq!(status, 303);
    let id: MonitorId = page.strip_prefix("/console/monitors/").expect(&page).parse().unwrap();
    let edit = app
        .request(&viewer, Method::GET, &format!("{page}/edit"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for name in ["form[name]", "form[record_name]"] {
        assert_eq!(edit.matches(&format!("name=\"{name}\"")).count(), 1, "{name}");
    }
    let services = &app.running.state.services;
    let form =
        services.monitor_form(&Viewer::System, Some(&id), domain::check::CheckKind::Http).await.unwrap();
    assert_eq!((form.values["name"].as_str(), form.values["record_name"].as_str()), ("Mail", "example.org"));
    let version = form.version.to_string();
    let mut fields = fields;
    (fields[0].1, fields[1].1, fields[6].1) = (id.as_str(), &version, "Post");
    assert_eq!(send(&app, &viewer, "/api/edit_monitor", &fields).await.1, page);
    let form =
        services.monitor_form(&Viewer::System, Some(&id), domain::check::CheckKind::Http).await.unwrap();
    assert_eq!((form.values["name"].as_str(), form.values["record_name"].as_str()), ("Post", "example.org"));
    app.close().await;
}

#[tokio::test]
async fn a_channel_of_slack_is_added_with_two_clicks_where_there_is_an_app() {
    let page = "/console/integrations/new?kind=slack";
    let shown = async |app: &TestApp, viewer: &Actor| {
        let answer = app.request(viewer, Method::GET, page).send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        (policy, answer.text().await.unwrap())
    };
    let app = TestApp::spawn_with(&[("slack.client_id", "1.2"), ("slack.client_secret", "hush")]).await;
    let viewer = app.viewer().await;
    let (policy, html) = shown(&app, &viewer).await;
    assert!(html.contains("action=\"/console/slack/add\"") && html.contains("Add to Slack"));
    assert!(policy.contains("form-action 'self' https://slack.com;"), "{policy}");
    let (status, to, _) = send(&app, &viewer, "/console/slack/add", &[]).await;
    assert!(status == 303 && to.starts_with("https://slack.com/oauth/v2/authorize?client_id=1.2"), "{to}");
    assert!(to.contains("state=") && to.contains("callback"), "{to}");
    app.close().await;

    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let (policy, html) = shown(&app, &viewer).await;
    assert!(!html.contains("Add to Slack") && policy.contains("form-action 'self';"), "{policy}");
    let (_, to, _) = send(&app, &viewer, "/console/slack/add", &[]).await;
    assert_eq!(to, page);
    assert!(shown(&app, &viewer).await.1.contains("no app at Slack"));
    app.close().await;
}

#[tokio::test]
async fn enter_in_the_editor_of_a_definition_saves_it() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let page = app.request(&viewer, Method::GET, "/console/alerts/new").send().await.unwrap();
    let page = page.text().await.unwrap();
    let (_, form) = page.split_once("action=\"/api/save_definition\"").expect("the form");
    // What a browser presses at Enter is the first button that sends the form, in the order of the page.
    let (_, button) = form.split_once("<button").expect("a button");
    let (button, _) = button.split_once('>').unwrap();
    assert!(!button.contains("formaction"), "{button}");
    assert!(form.contains("formaction=\"/api/shape_definition\""), "there is one that does something else");
    app.close().await;
}

#[tokio::test]
async fn whoever_is_not_logged_in_leaves_nothing_in_the_database() {
    let app = TestApp::spawn().await;
    app.account("ada@example.org").await;
    let junk = "x".repeat(1_000_000);
    for path in ["/api/save_definition", "/api/add_monitor", "/api/set_all_stop", "/api/save_subscription"] {
        let (status, _, session) =
            send(&app, &Actor::Anonymous, path, &[("form[name]", &junk), ("name", &junk), ("version", "0")])
                .await;
        assert_eq!((status, session.is_none()), (303, true), "{path}");
    }
    // At the door a mistake is said; briefly, and of what was typed only what fits.
    let wrong = [("email", junk.as_str()), ("password", "wrong"), ("next", "/console")];
    let (status, _, session) = send(&app, &Actor::Anonymous, "/api/log_in", &wrong).await;
    assert_eq!(status, 303);
    let kept = app.session(&session.expect("a session that says why")).await.unwrap();
    assert!(kept.data.len() < 5_000, "{} bytes", kept.data.len());
    let left = kept.expires_at - app.running.state.clock.now().0;
    assert!((0..=10 * MINUTE).contains(&left), "{left} ms");
    // And not for ever: ten a minute, one of which is spent, and one more each six seconds that this takes.
    let (begun, mut sessions) = (Instant::now(), 0);
    for _ in 0..30 {
        sessions += u64::from(send(&app, &Actor::Anonymous, "/api/log_in", &wrong).await.2.is_some());
    }
    let most = 9 + begun.elapsed().as_secs().div_ceil(6);
    assert!(sessions <= most, "{sessions} of at most {most}");
    app.close().await;
}

#[tokio::test]
async fn a_subscription_is_for_all_monitors_only_when_that_was_said() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let form = [("url".to_owned(), "http://127.0.0.1:9/".to_owned())].into();
    let hook = services.add_integration(&Viewer::System, ProviderKind::Webhook, &form).await.unwrap();
    let push = domain::monitor_form::empty_form(domain::check::CheckKind::Push);
    let monitor = services.add_monitor(&Viewer::System, &push).await.unwrap();
    let save = async |more: &[(&str, &str)]| {
        let mut fields = vec![
            ("name", "Few"),
            ("integration", hook.as_str()),
            ("events[]", "incident.created"),
            ("enabled", "true"),
        ];
        fields.extend(more);
        send(&app, &viewer, "/api/save_subscription", &fields).await;
        let all = services.subscriptions(&Viewer::System).await.unwrap();
        all.into_iter().map(|row| row.monitors).collect::<Vec<_>>()
    };
    assert!(save(&[]).await.is_empty(), "nothing was said");
    assert!(save(&[("scope", "these")]).await.is_empty(), "nothing was ticked");
    assert_eq!(
        save(&[("scope", "these"), ("monitors[]", monitor.as_str())]).await,
        [Some(vec![monitor.clone()])]
    );
    assert_eq!(save(&[("scope", "all")]).await.iter().filter(|monitors| monitors.is_none()).count(), 1);
    app.close().await;
}

/// What is logged on this thread, where the server of a test runs too.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// The lines of the journal since the last time.
    fn journal(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        text.lines().filter(|line| line.contains("an operator did something")).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_form_that_was_refused_is_not_journaled_as_done() {
    let written = Written::default();
    let writer = written.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _log = tracing::subscriber::set_default(log);
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    written.journal();
    let page = |name| [("name", name), ("description", ""), ("time_zone", "UTC")];
    let (status, _, _) = send(&app, &viewer, "/api/save_page", &page("")).await;
    assert_eq!((status, written.journal()), (303, Vec::new()), "the browser is sent back to the form");
    // Another test may have come to that line first, on a thread where nobody listens; it would be silent for all of them.
    tracing::callsite::rebuild_interest_cache();
    let (status, _, _) = send(&app, &viewer, "/api/save_page", &page("Northwind")).await;
    let journal = written.journal();
    assert_eq!((status, journal.len()), (303, 1), "{journal:?}");
    assert!(journal[0].contains("path=\"/api/save_page\""), "{journal:?}");
    // A form that brings a file is answered by a handler of its own.
    let boundary = "x";
    let upload = app
        .request(&viewer, Method::POST, "/console/page/logo")
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(format!("--{boundary}\r\ncontent-disposition: form-data; name=\"logo\"\r\n\r\nno image\r\n--{boundary}--\r\n"));
    assert_eq!(upload.send().await.unwrap().status(), 303);
    assert_eq!(written.journal(), Vec::<String>::new());
    app.close().await;
}

#[tokio::test]
async fn the_names_that_the_public_reads_are_changed_at_the_end_of_the_set_up() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let pasted = "https://shop.example.com/health?x=1\nhttp://10.1.2.3/";
    send(&app, &viewer, "/api/add_addresses", &[("address", pasted)]).await;
    let read = async |path: &str| {
        app.request(&viewer, Method::GET, path).send().await.unwrap().text().await.unwrap()
    };
    let page = read("/setup?step=done").await;
    let ids: Vec<String> =
        page.split("name=\"names[").skip(1).map(|rest| rest.split(']').next().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 2, "{page}");
    assert!(page.contains("value=\"shop.example.com\"") && page.contains("value=\"Website 1\""), "{page}");
    let (first, second) = (format!("names[{}]", ids[0]), format!("names[{}]", ids[1]));
    let form = |name: &'static str| [(first.as_str(), "Shop"), (second.as_str(), name)];
    let (status, to, _) = send(&app, &viewer, "/api/rename_components", &form("")).await;
    assert_eq!(status, 303);
    let refused = read(&to).await;
    assert!(!refused.contains("has these names now"));
    send(&app, &viewer, "/api/rename_components", &form("Portal")).await;
    let services = &app.running.state.services;
    let page = services.page(&Viewer::Anonymous, None).await.unwrap();
    let names: Vec<_> = page.sections[0].components.iter().map(|component| component.name.as_str()).collect();
    assert_eq!(names, ["Shop", "Portal"]);
    app.close().await;
}

#[tokio::test]
async fn addresses_that_cannot_be_read_come_back_with_all_that_was_pasted() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let pasted = "https://shop.example.com/\nnot an address!\nhttp://10.1.2.3/";
    let services = app.running.state.services.clone();
    let paste = async |pasted: &str| {
        send(&app, &viewer, "/api/add_addresses", &[("address", pasted)]).await;
        let page = app.request(&viewer, Method::GET, "/setup?step=addresses").send().await.unwrap();
        assert!(services.page_editor(&Viewer::System, &EditorQuery::default()).await.unwrap().total == 0);
        page.text().await.unwrap()
    };
    let page = paste(pasted).await;
    assert!(page.contains(pasted) && page.contains("id=\"addresses-address-error\""), "{page}");
    let many: Vec<_> = (0..55).map(|number| format!("http://10.1.2.{number}/")).collect();
    let page = paste(&many.join("\n")).await;
    assert!(page.contains("These are 55 addresses") && page.contains("http://10.1.2.54/"), "{page}");
    app.close().await;
}

#[tokio::test]
async fn the_list_says_once_that_a_monitor_was_deleted() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let push = domain::monitor_form::empty_form(domain::check::CheckKind::Push);
    let monitor = services.add_monitor(&Viewer::System, &push).await.unwrap();
    let (_, to, _) = send(&app, &viewer, "/api/delete_monitor", &[("monitor", monitor.as_str())]).await;
    assert_eq!(to, "/console/monitors");
    for said in [true, false] {
        let page = app.request(&viewer, Method::GET, &to).send().await.unwrap().text().await.unwrap();
        assert_eq!(page.contains("The monitor was deleted."), said, "{page}");
    }
    app.close().await;
}

#[tokio::test]
async fn whoever_opens_the_console_at_the_end_of_the_set_up_saves_the_names() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    send(&app, &viewer, "/api/add_addresses", &[("address", "http://10.1.2.3/")]).await;
    let services = &app.running.state.services;
    let editor = services.page_editor(&Viewer::System, &EditorQuery::default()).await.unwrap();
    let id = editor.lines().next().unwrap().id.to_string();
    let name = format!("names[{id}]");
    let open = async |named: &str, next: &str| {
        let fields = [(name.as_str(), named), ("next", next)];
        let (status, to, _) = send(&app, &viewer, "/api/rename_components", &fields).await;
        let page = services.page(&Viewer::Anonymous, None).await.unwrap();
        (status, to, page.sections[0].components[0].name.clone())
    };
    assert_eq!(open(" ", "/console").await.2, "Website 1", "an empty name is refused");
    assert_eq!(open("Portal", "/console").await, (303, "/console".to_owned(), "Portal".to_owned()));
    let (_, to, kept) = open("Shop", "//elsewhere.example").await;
    assert!(!to.contains("elsewhere") && kept == "Shop", "{to}, {kept}");
    app.close().await;
}
