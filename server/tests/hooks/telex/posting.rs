//! What is posted to Telex, and when.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{Outside, PATIENCE, bench, call, tick};

#[tokio::test]
async fn a_call_is_accepted_at_once_and_answered_with_one_message() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let [up, moved, down] = ["/site/204", "/site/302", "/site/503"].map(|path| outside.url(path));
    let [slow, gone] = [outside.url("/slow"), "http://127.0.0.1:1/".to_owned()];
    // One after the other the slow ones would take eight seconds.
    let mut sites = vec![up, moved, down.clone(), gone.clone(), "google.com".to_owned()];
    sites.extend(std::iter::repeat_n(slow, 4));
    let begun = Instant::now();
    let answer = tick(&app, &call(&outside.url("/return/0"), &sites, false)).await;
    assert!(begun.elapsed() < Duration::from_millis(1_500), "before a slow site answered");
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.unwrap(), "{\"status\":\"accepted\"}");

    let (method, content_type, told) = outside.told().await;
    assert!(begun.elapsed() < Duration::from_secs(7), "all sites at the same time: {:?}", begun.elapsed());
    assert_eq!((method, content_type.as_str()), (Method::POST, "application/json"));
    outside.silent().await;
    let fields: Vec<_> = told.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["event_name", "message", "status", "username"]);
    assert_eq!(told["event_name"], "Uptime Check");
    assert_eq!(told["username"], "Uptime Monitor");
    assert_eq!(told["status"], "error");
    let lines: Vec<_> = told["message"].as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], format!("{down} is down (status 503)"));
    assert!(lines[1].starts_with(&format!("{gone} check failed: ")), "{}", lines[1]);
    assert!(lines[2].starts_with("google.com check failed: "), "{}", lines[2]);
    app.close().await;
}

#[tokio::test]
async fn when_every_site_is_up_that_is_said_unless_only_failures_count() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let (to, up) = (outside.url("/return/0"), outside.url("/site/200"));
    let sites = [up.clone(), up.clone()];
    assert_eq!(tick(&app, &call(&to, &sites, false)).await.status(), 202);
    let told = outside.told_once().await;
    assert_eq!((&told["status"], &told["message"]), (&json!("success"), &json!("All 2 sites are up.")));

    assert_eq!(tick(&app, &call(&to, &sites, true)).await.status(), 202);
    outside.silent().await;

    let down = outside.url("/site/404");
    assert_eq!(tick(&app, &call(&to, &[up, down.clone()], true)).await.status(), 202);
    let told = outside.told_once().await;
    assert_eq!(told["message"], format!("{down} is down (status 404)"));
    app.close().await;
}

#[tokio::test]
async fn a_call_without_sites_says_what_to_do() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let body = call(&outside.url("/return/0"), &[" ".to_owned(), String::new()], true);
    assert_eq!(tick(&app, &body).await.status(), 202);
    let told = outside.told_once().await;
    assert_eq!(told["status"], "warning");
    assert!(told["message"].as_str().unwrap().contains("site-1"), "{told}");
    app.close().await;
}

#[tokio::test]
async fn a_return_address_that_stumbles_is_tried_again_and_a_redirect_is_not_followed() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let sites = [outside.url("/site/200")];
    tick(&app, &call(&outside.url("/return/1"), &sites, false)).await;
    let first = outside.told().await;
    assert_eq!(outside.told().await, first, "the same once more");
    outside.silent().await;
    tick(&app, &call(&outside.url("/moved"), &sites, false)).await;
    outside.silent().await;
    app.close().await;
}

#[tokio::test]
async fn only_so_many_calls_are_in_work_and_stopping_abandons_them() {
    let outside = Outside::start().await;
    let app = bench(&outside, &[("telex.rate", "1000")]).await;
    // Nor does the channel answer. A call gives the site up after ten seconds, which may be less than 32 calls take on a machine under
    // load; that it gives up posting, too, takes it most of a minute.
    let body = call(&outside.url("/hangs"), &[outside.url("/hangs")], false);
    for _ in 0..32 {
        assert_eq!(tick(&app, &body).await.status(), 202);
    }
    let last = tick(&app, &body).await;
    assert_eq!(last.status(), 503);
    assert_eq!(last.headers()["retry-after"], "10");
    let begun = Instant::now();
    app.close().await;
    // Long before the calls would have ended by themselves.
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_channel_that_says_when_to_come_back_is_believed_once() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let sites = [outside.url("/site/200")];
    tick(&app, &call(&outside.url("/patient/2"), &sites, false)).await;
    outside.told().await;
    let begun = Instant::now();
    outside.told().await;
    assert!(
        begun.elapsed() >= Duration::from_millis(1_900),
        "two seconds instead of one: {:?}",
        begun.elapsed()
    );
    // The hour of the second answer is not believed, so the third try comes after the usual three seconds.
    outside.told().await;
    outside.silent().await;
    app.close().await;
}

#[tokio::test]
async fn calls_in_work_end_before_the_program_does_and_are_counted() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    assert_eq!(tick(&app, &json!({})).await.status(), 422);
    assert_eq!(
        tick(&app, &call(&outside.url("/return/0"), &[outside.url("/site/200")], true)).await.status(),
        202
    );
    let metrics = async || app.get("/metrics").await.text().await.unwrap();
    let begun = Instant::now();
    while !metrics().await.contains("pharos_telex_results_total{outcome=\"nothing_to_say\"} 1\n") {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", metrics().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let body = call(&outside.url("/return/0"), &[outside.url("/moment")], false);
    assert_eq!(tick(&app, &body).await.status(), 202);
    let text = metrics().await;
    for sample in [
        "pharos_telex_ticks_total{answer=\"accepted\"} 2\n",
        "pharos_telex_ticks_total{answer=\"invalid\"} 1\n",
        "pharos_telex_ticks_total{answer=\"busy\"} 0\n",
        "pharos_telex_ticks_running 1\n",
        "pharos_telex_results_total{outcome=\"posted\"} 0\n",
    ] {
        assert!(text.contains(sample), "{sample} in\n{text}");
    }
    // The site has not answered yet; the program stops, and the result is posted all the same.
    app.close().await;
    let (_, _, told) = outside.posts.try_recv().expect("posted before the end");
    assert_eq!(told["status"], "success");
}
