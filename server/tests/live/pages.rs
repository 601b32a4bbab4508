use domain::person::Viewer;
use domain::status_page::ComponentState;
use domain::views::console::{ComponentDraft, PageDraft};

use super::support::{Site, Target};

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_confirmed_by_its_tag_until_something_happens() {
    let site = Site::open().await;
    let draft = ComponentDraft { name: "Shop".to_owned(), ..ComponentDraft::default() };
    let id = site.services.add_component(&Viewer::System, &draft).await.unwrap();
    site.page_with("Shop").await;
    let first = site.get("/", &[("accept-encoding", "gzip")]).await;
    assert_eq!(first.status(), 200);
    assert_eq!(header(&first, "content-encoding"), "gzip");
    assert_eq!(header(&first, "cache-control"), "no-cache");
    assert_eq!(header(&first, "vary"), "Cookie, Accept-Encoding");
    assert_eq!(header(&first, "content-type"), "text/html; charset=utf-8");
    let tag = header(&first, "etag").to_owned();
    let again = |encoding| {
        let tag = tag.clone();
        let site = &site;
        async move { site.get("/", &[("accept-encoding", encoding), ("if-none-match", &tag)]).await }
    };
    assert_eq!(again("gzip").await.status(), 304);
    assert_eq!(again("br").await.status(), 200, "other bytes have another tag");

    let state = Some(ComponentState::MajorOutage);
    site.services.set_state(&Viewer::System, &id, state).await.unwrap();
    site.page_with("Some systems are down").await;
    let changed = again("gzip").await;
    assert_eq!(changed.status(), 200);
    assert_ne!(header(&changed, "etag"), tag);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_theme_is_in_the_first_bytes() {
    let site = Site::open().await;
    let plain = site.get("/", &[]).await.text().await.unwrap();
    assert!(!plain.contains("data-theme"));
    let dark = site.get("/", &[("cookie", "a=b; theme=dark")]).await.text().await.unwrap();
    assert!(dark.contains("<html lang=\"en\" data-theme=\"dark\">"));
    let chosen = Site::client()
        .post(format!("http://{}/theme", site.address))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("theme=light&back=%2Fhistory")
        .send()
        .await
        .unwrap();
    assert_eq!(chosen.status(), 303);
    assert_eq!(header(&chosen, "location"), "/history");
    assert!(header(&chosen, "set-cookie").starts_with("theme=light;"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_public_address_answers_and_made_up_ones_do_not() {
    let site = Site::open().await;
    for path in ["/", "/status/main", "/history", "/status/main/history"] {
        let answer = site.get(path, &[]).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.text().await.unwrap().starts_with("<!doctype html>"), "{path}");
    }
    for path in [
        "/status/none",
        "/incidents/INC00000000000000000000",
        "/incidents/nonsense",
        "/history/1999-01",
        "/history/nonsense",
        "/status/none/history",
        "/status/main/incidents/INC00000000000000000000",
    ] {
        let answer = site.get(path, &[]).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(answer.text().await.unwrap().contains("This page does not exist"), "{path}");
    }
    assert_eq!(site.get("/logo/main", &[]).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_stands_in_the_frame_of_its_page() {
    let site = Site::open().await;
    let draft =
        PageDraft { name: "Northwind".to_owned(), description: String::new(), time_zone: "UTC".to_owned() };
    site.services.save_page(&Viewer::System, &draft).await.unwrap();
    site.page_with("Northwind").await;
    for path in ["/incidents/nonsense", "/status/main/incidents/nonsense", "/status/main/history/1999-01"] {
        let answer = site.get(path, &[]).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (404, "no-cache"), "{path}");
        let page = answer.text().await.unwrap();
        assert!(page.contains("<title>Not found · Northwind</title>"), "{path}: {page}");
        assert!(
            page.contains("Northwind</span>")
                && page.contains("<a href=\"/\" class=\"button\">Current status"),
            "{path}: {page}"
        );
    }
    for path in ["/status/none", "/status/none/history"] {
        let page = site.get(path, &[]).await.text().await.unwrap();
        assert!(page.contains("<title>Not found · Status</title>"), "{path}: {page}");
        assert!(
            !page.contains("Northwind") && page.contains("<a href=\"/\" class=\"button\">Current status"),
            "{path}: {page}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_is_kept_for_ever_under_its_version() {
    let site = Site::open().await;
    let image = b"\x89PNG\r\n\x1a\n rest";
    site.services.set_logo(&Viewer::System, Some(image)).await.unwrap();
    let page = site.page_with("/logo/main?v=").await;
    let (_, rest) = page.split_once("src=\"/logo/main?v=").unwrap();
    let version = rest.split_once('"').unwrap().0;
    let logo = site.get(&format!("/logo/main?v={version}"), &[]).await;
    assert_eq!(header(&logo, "content-type"), "image/png");
    assert!(header(&logo, "cache-control").contains("immutable"));
    assert_eq!(logo.bytes().await.unwrap().as_ref(), image);
    assert_eq!(header(&site.get("/logo/main?v=1", &[]).await, "cache-control"), "no-cache");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_has_a_page_and_a_place_in_its_month() {
    let site = Site::open().await;
    let target = Target::open().await;
    site.watch("Shop", target.port).await;
    site.page_with("All systems operational").await;
    drop(target);
    let page = site.page_with("Shop is not available").await;
    let (_, rest) = page.split_once("href=\"/incidents/").unwrap();
    let path = format!("/incidents/{}", rest.split_once('"').unwrap().0);
    let story = site.get(&path, &[]).await.text().await.unwrap();
    assert!(story.contains("Shop is not available") && story.contains("Affected components"));
    assert!(story.contains("data-slug=\"main\""), "it is open, so the page follows");
    assert!(!story.contains("id=\"page\""), "frames must not swap the status page in");
    let month = site.get("/history", &[]).await.text().await.unwrap();
    assert!(month.contains("Shop is not available") && !month.contains("data-slug"));
    for text in [story, month] {
        assert!(!text.contains("127.0.0.1"), "no address goes to the public");
    }
}
