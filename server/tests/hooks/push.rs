//! Heartbeats, in every form that jobs speak.

use domain::check::PushSettings;
use domain::id::MonitorId;
use domain::id::MonitorKey;
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use engine::store::{monitors, pushes, pushes::PushRow};
use reqwest::Method;

use crate::support::{Actor, TestApp};

/// Adds a push monitor whose token is `token`.
async fn monitor(app: &TestApp, token: &str) -> MonitorKey {
    let state = &app.running.state;
    let settings = PushSettings::every(3_600, 300).into();
    let draft =
        MonitorDraft { name: "Backup".into(), settings, policy: Policy::default(), notes: Notes::default() };
    let mut tx = state.db.write().await.unwrap();
    let id = MonitorId::new(state.chance.bytes());
    let key = monitors::insert(&mut tx, &id, &draft, Some(token), state.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    key
}

async fn row(app: &TestApp, key: MonitorKey) -> PushRow {
    pushes::get(&mut app.running.state.db.read().await.unwrap(), key).await.unwrap().expect("a heartbeat")
}

/// Status and body of an answer.
async fn call(app: &TestApp, method: Method, path: &str, body: &str) -> (u16, String) {
    let answer = app.request(&Actor::Anonymous, method, path).body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_heartbeat_in_the_form_of_kuma_is_taken_by_any_method() {
    let app = TestApp::spawn().await;
    let key = monitor(&app, "abc").await;
    for method in [Method::GET, Method::POST, Method::PUT] {
        let answer = call(&app, method, "/api/push/abc?status=up&msg=OK&ping=12", "").await;
        assert_eq!(answer, (200, "{\"ok\":true}".to_owned()));
    }
    let taken = row(&app, key).await;
    assert_eq!((taken.failed, taken.message.as_str()), (false, "OK"));
    assert!(taken.at > 0);

    assert_eq!(call(&app, Method::GET, "/api/push/abc?status=down&msg=disk+full", "").await.0, 200);
    let taken = row(&app, key).await;
    assert_eq!((taken.failed, taken.message.as_str()), (true, "disk full"));

    let unknown = call(&app, Method::GET, "/api/push/xyz?status=up", "").await;
    let expected = "{\"ok\":false,\"msg\":\"Monitor not found or not active.\"}";
    assert_eq!(unknown, (404, expected.to_owned()));
    app.close().await;
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing_and_the_name_of_a_check_is_not_found_in_words() {
    let app = TestApp::spawn().await;
    let key = monitor(&app, "abc").await;
    assert_eq!(call(&app, Method::POST, "/ping/abc/", "all of it").await, (200, "OK".to_owned()));
    assert_eq!(row(&app, key).await.message, "all of it");
    let (status, _) = call(&app, Method::GET, "/api/push/abc/?status=up&msg=fine", "").await;
    assert_eq!((status, row(&app, key).await.message.as_str()), (200, "fine"));
    // The failure last: its words stay until whoever looks after the monitor has seen it, and that may take a moment.
    assert_eq!(call(&app, Method::GET, "/ping/abc/fail/?rid=1", "").await, (200, "OK".to_owned()));
    assert!(row(&app, key).await.failed);
    for path in [
        "/ping/pk-1/nightly-backup?create=1&rid=1",
        "/ping/pk-1/nightly-backup/",
        "/ping/pk-1/nightly-backup/start",
    ] {
        let answer = app.request(&Actor::Anonymous, Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8", "{path}");
        let words = answer.text().await.unwrap();
        assert!(words.contains("/ping/{token}"), "{path}: {words}");
        assert_eq!(call(&app, Method::DELETE, path, "").await.0, 405, "{path}");
    }
    assert_eq!(call(&app, Method::GET, "/ping/abc/stop", "").await.0, 400, "the token is right");
    app.close().await;
}

#[tokio::test]
async fn a_run_has_a_start_and_an_end() {
    let app = TestApp::spawn().await;
    let key = monitor(&app, "abc").await;
    assert_eq!(call(&app, Method::POST, "/api/push/abc/start", "").await.0, 200);
    assert!(row(&app, key).await.started_at.is_some());
    assert_eq!(call(&app, Method::POST, "/api/push/abc/137", "killed").await.0, 200);
    let taken = row(&app, key).await;
    assert_eq!((taken.started_at, taken.failed, taken.message.as_str()), (None, true, "exit 137: killed"));
    assert_eq!(call(&app, Method::POST, "/api/push/abc/0", "").await.0, 200);
    assert!(!row(&app, key).await.failed);
    assert_eq!(call(&app, Method::POST, "/api/push/abc/256", "").await.0, 400);
    app.close().await;
}

#[tokio::test]
async fn a_heartbeat_in_the_form_of_healthchecks_is_answered_as_there() {
    let app = TestApp::spawn().await;
    let key = monitor(&app, "abc").await;
    let answer =
        app.request(&Actor::Anonymous, Method::POST, "/ping/abc").body("all 12 tables").send().await.unwrap();
    assert_eq!(answer.headers()["ping-body-limit"], "1000");
    assert_eq!(answer.text().await.unwrap(), "OK");
    assert_eq!(row(&app, key).await.message, "all 12 tables");

    assert_eq!(call(&app, Method::HEAD, "/ping/abc", "").await.0, 200);
    assert_eq!(call(&app, Method::GET, "/ping/abc/start", "").await, (200, "OK".to_owned()));
    assert_eq!(call(&app, Method::POST, "/ping/abc/log", "half way").await, (200, "OK".to_owned()));
    let taken = row(&app, key).await;
    assert!(taken.started_at.is_some() && !taken.failed, "a note changes nothing");
    assert_eq!(call(&app, Method::POST, "/ping/abc/fail", "").await, (200, "OK".to_owned()));
    assert!(row(&app, key).await.failed);
    assert_eq!(call(&app, Method::PUT, "/ping/abc", "").await.0, 405);
    assert_eq!(call(&app, Method::GET, "/ping/xyz", "").await, (404, "not found".to_owned()));
    app.close().await;
}

#[tokio::test]
async fn a_paused_monitor_takes_no_heartbeat_and_its_jobs_do_not_fail() {
    let app = TestApp::spawn().await;
    let key = monitor(&app, "abc").await;
    let state = &app.running.state;
    let mut tx = state.db.write().await.unwrap();
    assert!(monitors::set_paused(&mut tx, key, true, state.clock.now()).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(call(&app, Method::GET, "/ping/abc", "").await, (200, "OK".to_owned()));
    assert_eq!(call(&app, Method::GET, "/api/push/abc", "").await.0, 404, "as Kuma answers");
    let kept = pushes::get(&mut state.db.read().await.unwrap(), key).await.unwrap();
    assert_eq!(kept, None);
    app.close().await;
}

#[tokio::test]
async fn a_job_that_sends_its_whole_log_did_run() {
    let app = TestApp::spawn().await;
    let key = monitor(&app, "abc").await;
    let log = "line\n".repeat(400_000);
    for path in ["/ping/abc", "/api/push/abc", "/ping/abc/0", "/api/push/abc/log"] {
        assert_eq!(call(&app, Method::POST, path, &log).await.0, 200, "{path}");
    }
    let taken = row(&app, key).await;
    assert!(!taken.failed && taken.message.starts_with("line\nline"), "{taken:?}");
    assert_eq!(call(&app, Method::POST, "/ping/abc/fail", &log).await.0, 200);
    assert!(row(&app, key).await.failed);
    app.close().await;
}
