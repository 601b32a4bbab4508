//! Monitors over the API.

use domain::health::{Finding, Health, Settled, Streak};
use engine::store::health;
use reqwest::Method;
use serde_json::{Value, json};

use super::{call, monitor, webhook};
use crate::support::{Actor, TestApp};

#[tokio::test]
async fn notes_and_own_fields_of_a_monitor_are_kept_until_they_are_changed() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made = monitor(
        &app,
        &program,
        json!({ "url": "https://example.com/", "notes": "Ask Ada.", "custom_fields": { "Team": "web", "Link": "https://x.org/?a=b" } }),
    )
    .await;
    assert_eq!(made["notes"], "Ask Ada.", "{made}");
    let path = format!("/api/v1/network_monitors/{}", made["id"]);
    let (_, renamed) = call(&app, &program, Method::PATCH, &path, &json!({ "name": "Shop" })).await;
    assert_eq!(renamed["custom_fields"], json!({ "Team": "web", "Link": "https://x.org/?a=b" }), "{renamed}");
    assert_eq!(renamed["notes"], "Ask Ada.");
    let change = json!({ "notes": null, "custom_fields": { "Team": "ops" } });
    let (_, changed) = call(&app, &program, Method::PATCH, &path, &change).await;
    assert_eq!(
        (&changed["notes"], &changed["custom_fields"]),
        (&json!(""), &json!({ "Team": "ops" })),
        "{changed}"
    );
    for (wrong, said) in [
        (json!({ "custom_fields": ["Team"] }), "an object of texts"),
        (json!({ "custom_fields": { "Team": 7 } }), "write a text"),
        (json!({ "custom_fields": { "a=b": "x" } }), "is no name"),
        (json!({ "custom_fields": { "a": "x\ny = z" } }), "one plain line"),
        (json!({ "custom_fields": { "A": "1", "a": "2" } }), "stands there already"),
        (json!({ "notes": "x".repeat(4_001) }), "at most 4000"),
    ] {
        let (status, refused) = call(&app, &program, Method::PATCH, &path, &wrong).await;
        assert!(status == 422 && refused.to_string().contains(said), "{wrong}: {refused}");
    }
    app.close().await;
}

#[tokio::test]
async fn a_monitor_is_created_changed_paused_and_deleted() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made = monitor(
        &app,
        &program,
        json!({ "url": "http://127.0.0.1:9/", "check_type": "keyword", "keyword": "fine", "interval_seconds": 300,
            "timeout_seconds": 2.5, "expected_status_codes": [200, 204], "request_headers": { "X-A": "b" }, "paused": true }),
    )
    .await;
    assert_eq!((&made["check_type"], &made["status"]), (&json!("keyword"), &json!("paused")), "{made}");
    assert_eq!((&made["interval_seconds"], &made["timeout_seconds"]), (&json!(300), &json!(2.5)));
    assert_eq!(made["settings"]["accepted_statuses"], "200,204");
    let by_number = format!("/api/v1/network_monitors/{}", made["id"]);
    let by_id = format!("/api/v1/network_monitors/{}", made["uuid"].as_str().unwrap());
    let read = call(&app, &program, Method::GET, &by_number, &Value::Null).await;
    assert_eq!(read, (200, made.clone()));
    let change = json!({ "network_monitor": { "name": "Shop", "paused": false } });
    let (status, changed) = call(&app, &program, Method::PATCH, &by_id, &change).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Shop")), "{changed}");
    assert_ne!(changed["status"], "paused");
    assert_eq!(changed["settings"]["keyword"], "fine", "what was not sent stays");
    for (word, status) in [("pause", "paused"), ("resume", "")] {
        let answer = call(&app, &program, Method::POST, &format!("{by_id}/{word}"), &Value::Null).await;
        assert_eq!(answer.0, 200);
        assert_eq!(answer.1["status"] == "paused", status == "paused");
    }
    let tcp = json!({ "check_type": "tcp", "url": "127.0.0.1:9" });
    let (status, changed) = call(&app, &program, Method::PUT, &by_id, &tcp).await;
    assert_eq!(
        (status, &changed["check_type"], &changed["url"]),
        (200, &json!("tcp"), &json!("127.0.0.1:9"))
    );
    assert_eq!(call(&app, &program, Method::DELETE, &by_id, &Value::Null).await.0, 204);
    let (status, gone) = call(&app, &program, Method::GET, &by_number, &Value::Null).await;
    assert_eq!((status, &gone["error"]), (404, &json!("network_monitor_not_found")));
    app.close().await;
}

#[tokio::test]
async fn monitors_are_listed_page_by_page() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    for name in ["Alpha", "Beta", "Gamma"] {
        monitor(
            &app,
            &program,
            json!({ "name": name, "check_type": "heartbeat", "paused": name == "Alpha" }),
        )
        .await;
    }
    let path = "/api/v1/network_monitors?per_page=2";
    let (status, page) = call(&app, &program, Method::GET, path, &Value::Null).await;
    let meta =
        json!({ "current_page": 1, "per_page": 2, "total_pages": 2, "total_count": 3, "sort": "status" });
    assert_eq!((status, &page["meta"]), (200, &meta));
    let names = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&page), ["Beta", "Gamma"], "what is paused comes last");
    for (query, expected) in [
        ("?sort=created_at", vec!["Gamma", "Beta", "Alpha"]),
        ("?search=ALPH", vec!["Alpha"]),
        ("?page=9", vec![]),
        ("?page=0&per_page=1000", vec!["Beta", "Gamma", "Alpha"]),
    ] {
        let path = format!("/api/v1/network_monitors{query}");
        assert_eq!(
            names(&call(&app, &program, Method::GET, &path, &Value::Null).await.1),
            expected,
            "{query}"
        );
    }
    let (status, refused) =
        call(&app, &program, Method::GET, "/api/v1/network_monitors?page=two", &Value::Null).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_request")));
    let wrong = json!({ "network_monitor": { "check_type": "gopher" } });
    let (status, refused) = call(&app, &program, Method::POST, "/api/v1/network_monitors", &wrong).await;
    assert_eq!(status, 422);
    assert!(refused["errors"]["check_type"][0].as_str().unwrap().contains("gopher"), "{refused}");
    let wrong = json!({ "network_monitor": { "url": "nowhere", "interval_seconds": 0 } });
    let (_, refused) = call(&app, &program, Method::POST, "/api/v1/network_monitors", &wrong).await;
    assert!(
        refused["errors"]["url"].is_array() && refused["errors"]["interval_seconds"].is_array(),
        "{refused}"
    );
    app.close().await;
}

#[tokio::test]
async fn the_interval_of_a_heartbeat_is_how_often_it_calls() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let says = |shown: &Value| (shown["interval_seconds"].clone(), shown["settings"]["period_s"].clone());
    let made = monitor(&app, &program, json!({ "check_type": "heartbeat", "interval_seconds": 5 })).await;
    assert_eq!(says(&made), (json!(5), json!(5)), "{made}");
    let path = format!("/api/v1/network_monitors/{}", made["id"]);
    let change = async |change: Value| call(&app, &program, Method::PATCH, &path, &change).await;
    assert_eq!(says(&change(json!({ "name": "Job" })).await.1), (json!(5), json!(5)));
    assert_eq!(says(&change(json!({ "interval_seconds": 86_400 })).await.1), (json!(86_400), json!(86_400)));
    let both = json!({ "interval_seconds": 60, "settings": { "period_s": 900 } });
    assert_eq!(says(&change(both).await.1), (json!(900), json!(900)), "the settings come first");
    for wrong in [json!(4), json!(31_622_401), json!("often"), json!(7.5)] {
        let (status, refused) = change(json!({ "interval_seconds": wrong })).await;
        let said = refused["errors"]["interval_seconds"][0].as_str().unwrap();
        assert!(status == 422 && said.contains("settings.period_s"), "{wrong}: {refused}");
    }
    let cron = json!({ "settings": { "schedule": "cron", "cron": "30 2 * * *" }, "interval_seconds": 60 });
    assert_eq!(change(cron).await.0, 200);
    let (status, refused) = change(json!({ "interval_seconds": 60 })).await;
    let said = refused["errors"]["interval_seconds"][0].as_str().unwrap();
    assert!(status == 422 && said.contains("settings.period_s"), "{refused}");
    let none = monitor(&app, &program, json!({ "check_type": "heartbeat" })).await;
    assert_eq!(says(&none), (json!(3_600), json!(3_600)));

    // Times say of which kind they are.
    let nightly = json!({ "check_type": "heartbeat", "settings": { "cron": "5 4 * * *" } });
    let nightly = monitor(&app, &program, nightly).await;
    assert_eq!(
        (&nightly["settings"]["schedule"], &nightly["settings"]["cron"]),
        (&json!("cron"), &json!("5 4 * * *"))
    );
    let path = format!("/api/v1/network_monitors/{}", nightly["id"]);
    let often = json!({ "settings": { "period_s": 900 } });
    assert_eq!(says(&call(&app, &program, Method::PATCH, &path, &often).await.1), (json!(900), json!(900)));
    app.close().await;
}

#[tokio::test]
async fn a_check_for_a_text_becomes_one_without() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let asked =
        json!({ "url": "http://127.0.0.1:9/", "check_type": "keyword", "keyword": "fine", "paused": true });
    let made = monitor(&app, &program, asked).await;
    let path = format!("/api/v1/network_monitors/{}", made["id"]);
    let change = async |change: Value| call(&app, &program, Method::PATCH, &path, &change).await.1;
    assert_eq!(change(json!({ "name": "Shop" })).await["check_type"], "keyword");
    let plain = change(json!({ "check_type": "http" })).await;
    assert_eq!(
        (&plain["check_type"], &plain["settings"]["keyword"]),
        (&json!("http"), &json!("")),
        "{plain}"
    );
    let again = change(json!({ "check_type": "keyword", "keyword": "good" })).await;
    assert_eq!(again["settings"]["keyword"], "good");
    app.close().await;
}

#[tokio::test]
async fn what_fails_and_was_never_up_is_pending_until_that_is_confirmed() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made = monitor(&app, &program, json!({ "url": "http://127.0.0.1:9/", "paused": true })).await;
    let path = format!("/api/v1/network_monitors/{}", made["id"]);
    let shown = async || call(&app, &program, Method::GET, &path, &Value::Null).await.1;
    let key = domain::id::MonitorKey(made["id"].as_i64().unwrap());
    let state = &app.running.state;
    for (settled, status) in [(Settled::Pending, "pending"), (Settled::Up, "success")] {
        let since = state.clock.now();
        let streak = Some(Streak { toward: Finding::Down, count: 1, since });
        let mut tx = state.db.write().await.unwrap();
        let mut kept = health::get(&mut tx, key).await.unwrap().unwrap();
        kept.health = Health { settled, since, streak, blind_since: None };
        assert!(health::update(&mut tx, &kept).await.unwrap());
        // Nobody is told, so no check comes between.
        engine::store::monitors::set_paused(&mut tx, key, false, since).await.unwrap();
        tx.commit().await.unwrap();
        let seen = shown().await;
        assert_eq!((&seen["state"], &seen["status"]), (&json!("confirming"), &json!(status)), "{seen}");
    }
    app.close().await;
}

#[tokio::test]
async fn the_address_of_a_heartbeat_is_renewed() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made = monitor(&app, &program, json!({ "check_type": "heartbeat" })).await;
    let old = made["heartbeat_path"].as_str().unwrap();
    assert_eq!(app.get(old).await.status(), 200);
    let path = format!("/api/v1/network_monitors/{}/renew_heartbeat", made["id"]);
    let stranger = app.request(&Actor::Anonymous, Method::POST, &path).send().await.unwrap();
    assert_eq!(stranger.status(), 401);
    assert_eq!(app.get(old).await.status(), 200, "nothing was renewed");
    let (status, renewed) = call(&app, &program, Method::POST, &path, &Value::Null).await;
    assert_eq!((status, &renewed["uuid"]), (200, &made["uuid"]), "{renewed}");
    let new = renewed["heartbeat_path"].as_str().unwrap();
    assert_eq!((app.get(old).await.status().as_u16(), app.get(new).await.status().as_u16()), (404, 200));

    let web = monitor(&app, &program, json!({ "url": "http://127.0.0.1:9/", "paused": true })).await;
    let path = format!("/api/v1/network_monitors/{}/renew_heartbeat", web["uuid"].as_str().unwrap());
    let (status, refused) = call(&app, &program, Method::POST, &path, &Value::Null).await;
    assert_eq!((status, &refused["error"]), (409, &json!("conflict")), "{refused}");
    let unknown = "/api/v1/network_monitors/NM00000000000000000000/renew_heartbeat";
    assert_eq!(call(&app, &program, Method::POST, unknown, &Value::Null).await.0, 404);
    app.close().await;
}

#[tokio::test]
async fn integrations_are_attached_to_monitors() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let integration = webhook(&app, &program).await;
    let made = monitor(&app, &program, json!({ "check_type": "heartbeat" })).await;
    let path = format!("/api/v1/network_monitors/{}/integrations", made["uuid"].as_str().unwrap());
    let body = json!({ "integration_id": integration });
    assert_eq!(call(&app, &program, Method::POST, &path, &body).await.0, 201);
    assert_eq!(call(&app, &program, Method::POST, &path, &body).await.0, 200, "it was attached already");
    let (_, list) = call(&app, &program, Method::GET, &path, &Value::Null).await;
    assert_eq!(list[0]["uuid"], json!(integration));
    let unknown = json!({ "integration_id": "INT00000000000000000000" });
    let (status, refused) = call(&app, &program, Method::POST, &path, &unknown).await;
    assert_eq!((status, &refused["error"]), (404, &json!("integration_not_found")));
    let one = format!("{path}/{integration}");
    assert_eq!(call(&app, &program, Method::DELETE, &one, &Value::Null).await.0, 204);
    assert_eq!(call(&app, &program, Method::DELETE, &one, &Value::Null).await.0, 404);
    app.close().await;
}
