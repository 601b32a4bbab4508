use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::person::Viewer;
use domain::status_page::ComponentState;
use domain::views::console::{ComponentDraft, EditorQuery, Range};
use engine::clock::Clock;
use engine::services::push::Beat;
use serde_json::Value;

use super::support::{BUILD, NOW, Site, Target, ids};

/// Far more than the hundred milliseconds that are promised: tests share their machine.
const MOMENTS: Duration = Duration::from_secs(2);

/// Where a page stands, as its script reads it.
fn seq_of(page: &str) -> String {
    let (_, rest) = page.split_once("data-seq=\"").expect("a page that follows");
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_switched_off_and_the_open_page_changes() {
    let site = Site::open().await;
    let target = Target::open().await;
    site.watch("Shop", target.port).await;
    let page = site.page_with("All systems operational").await;
    let mut socket = site.socket(&format!("/live/main?seq={}&build={BUILD}", seq_of(&page))).await;
    assert!(ids(&socket.text().await.unwrap()).is_empty(), "the page is up to date");

    let mut events = site.engine.bus().events();
    drop(target);
    let frame = socket.text_with("Major outage").await;
    let told = Instant::now();
    events.recv().await.unwrap();
    assert!(told.elapsed() < MOMENTS);
    let parts = ids(&frame);
    assert!(
        parts.iter().any(|id| id == "banner") && parts.iter().any(|id| id.starts_with("c-CO")),
        "{parts:?}"
    );
    assert!(!frame.contains("127.0.0.1"), "no address goes to the public");

    let fresh = site.page_with("Some systems are down").await;
    assert!(fresh.contains("Shop is not available"));
    assert!(!fresh.contains("127.0.0.1") && !fresh.contains("refused"));
}

/// The uptime in per cent beside the only component of a page or a frame.
fn uptime_of(html: &str) -> f64 {
    let (_, rest) =
        html.split_once("id=\"uptime-").or_else(|| html.split_once("id=\\\"uptime-")).expect("a figure");
    let text = rest.split_once('>').unwrap().1.split_once('<').unwrap().0;
    text.trim().strip_suffix(" %").unwrap_or_else(|| panic!("a percentage: {text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_uptime_falls_with_the_outage_and_not_minutes_later() {
    // Five minutes are not rolled up before 12:06:30.
    let clock = Clock::manual(NOW);
    // It runs, because a result must lie before the time of reading, and leaps.
    let (running, step) = (clock.clone(), Duration::from_millis(5));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(step).await;
            running.advance(step);
        }
    });
    let site = Site::open_at(clock.clone()).await;
    let form =
        [("kind", "push"), ("schedule", "period"), ("period_s", "10"), ("grace_s", "5"), ("interval", "10")];
    let id = site.follow("Backup", &form).await;
    let read = || site.services.monitor(&Viewer::System, &id, Range::Hour);
    let token = read().await.unwrap().heartbeat.unwrap().path.rsplit('/').next().unwrap().to_owned();
    let success = Beat::Success { latency_us: Some(1_000), message: String::new() };
    site.services.push(&token, success).await.unwrap();
    let page = site.page_with("100 %").await;
    assert!(uptime_of(&page) > 99.9);
    let mut socket = site.socket(&format!("/live/main?seq={}&build={BUILD}", seq_of(&page))).await;
    socket.text().await.unwrap();

    let failure = Beat::Failure { exit: Some(1), message: String::new() };
    site.services.push(&token, failure).await.unwrap();
    let down = uptime_of(&socket.text_with("uptime-").await);
    assert!(down < 99.9, "{down}");
    assert!(uptime_of(&site.page_with("Some systems are down").await) <= down);
    let console = read().await.unwrap().uptimes;
    assert!(console.iter().all(|share| share.unwrap() < 0.999), "the console says the same: {console:?}");

    // It goes on, which is no event, and the whole page is not due yet.
    for _ in 0..4 {
        clock.advance(Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let later = uptime_of(&socket.text_with("uptime-").await);
    assert!(later < down, "{later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_sockets_streams_and_polls_alike() {
    let site = Site::open().await;
    let draft = ComponentDraft { name: "Shop".to_owned(), ..ComponentDraft::default() };
    let id = site.services.add_component(&Viewer::System, &draft).await.unwrap();
    let page = site.page_with("Shop").await;
    let query = format!("?seq={}&build={BUILD}", seq_of(&page));
    let mut socket = site.socket(&format!("/live/main{query}")).await;
    socket.text().await.unwrap();
    let mut stream = site.get(&format!("/live/main/events{query}"), &[]).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut json = site.socket("/live/main/json").await;
    let whole: Value = serde_json::from_str(&json.text().await.unwrap()).unwrap();
    assert_eq!(whole["event"], "page");
    assert_eq!(whole["data"]["components"][0]["status"], "NODATA");

    let begun = Instant::now();
    let state = Some(ComponentState::PartialOutage);
    site.services.set_state(&Viewer::System, &id, state).await.unwrap();
    let frame = socket.text_with("Partial outage").await;
    assert!(begun.elapsed() < MOMENTS, "{:?}", begun.elapsed());

    let mut heard = String::new();
    while !heard.contains("Partial outage") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(heard.contains(&format!("data: {frame}")), "the same frame");

    let polled = site.get(&format!("/live/main/parts{query}"), &[]).await;
    assert_eq!(polled.headers()["cache-control"], "no-store");
    assert_eq!(ids(&polled.text().await.unwrap()), ids(&frame));

    let news: Value = serde_json::from_str(&json.text().await.unwrap()).unwrap();
    assert_eq!(news["event"], "component");
    assert_eq!(news["data"]["component"]["status"], "PARTIALOUTAGE");
    assert_eq!(news["data"]["page"]["status_indicator"], "HASISSUES");
    assert_eq!(news["data"]["component_update"]["component_id"], id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_answers_pings_and_is_counted() {
    let site = Site::open().await;
    let vitals = site.engine.vitals();
    let mut socket = site.socket("/live/main").await;
    socket.text().await.unwrap();
    assert_eq!(vitals.public_sockets.load(Ordering::Relaxed), 1);
    socket.say("ping").await;
    assert_eq!(socket.text().await.unwrap(), "pong");
    socket.say("N2O,").await;
    socket.say("PING").await;
    assert_eq!(socket.text().await.unwrap(), "PONG", "what is not understood is not answered");
    socket.say(&"x".repeat(10_000)).await;
    assert_eq!(socket.text().await, None, "nobody has so much to say");
    for _ in 0..100 {
        if vitals.public_sockets.load(Ordering::Relaxed) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a socket that is closed is still counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_build_is_asked_to_reload() {
    let site = Site::open().await;
    let mut socket = site.socket("/live/main?seq=0&build=other").await;
    assert_eq!(socket.text().await.unwrap(), r#"{"reload":true}"#);
    let polled = site.get("/live/main/parts?seq=99999&build=b1", &[]).await;
    assert_eq!(polled.text().await.unwrap(), r#"{"reload":true}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_there_has_no_stream() {
    let site = Site::open().await;
    for path in ["/live/none/events", "/live/none/parts"] {
        assert_eq!(site.get(path, &[]).await.status(), 404, "{path}");
    }
    assert!(tokio_tungstenite::connect_async(format!("ws://{}/live/none", site.address)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_reaches_the_page_and_the_default_page_stays_found() {
    let site = Site::open().await;
    site.page_with("Status").await;
    let mut socket = site.socket("/live/main").await;
    socket.text().await.unwrap();
    let editor = site.services.page_editor(&Viewer::System, &EditorQuery::default()).await.unwrap();
    let draft = domain::views::console::PageDraft {
        name: "Northwind".to_owned(),
        description: editor.description,
        time_zone: "Europe/Berlin".to_owned(),
    };
    site.services.save_page(&Viewer::System, &draft).await.unwrap();
    socket.text_with("Northwind").await;
    let page = site.page_with("Northwind").await;
    assert!(page.contains("days in Europe/Berlin"));
}
