//! What stands first on pages of the console.

use std::time::Duration;

use domain::check::CheckKind;
use domain::person::Viewer;
use reqwest::Method;

use crate::support::TestApp;

#[tokio::test]
async fn why_a_monitor_fails_stands_before_how_fast_it_was() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let mut form = domain::monitor_form::empty_form(CheckKind::Tcp);
    for (name, value) in [("host", "127.0.0.1"), ("port", "1"), ("interval", "1")] {
        form.insert(name.to_owned(), value.to_owned());
    }
    let id = app.running.state.services.add_monitor(&Viewer::System, &form).await.unwrap();
    let path = format!("/console/monitors/{id}");
    let read =
        || async { app.request(&viewer, Method::GET, &path).send().await.unwrap().text().await.unwrap() };
    let place = |page: &str, heading: &str| page.find(&format!("<h2>{heading}</h2>"));
    let page = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let page = read().await;
            if page.contains("refused the connection") {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let page = page.await.expect("port 1 refuses within seconds");
    assert!(
        place(&page, "Why").unwrap() < place(&page, "Events").unwrap(),
        "whoever is woken asks why first"
    );

    // What does not fail leaves it at the side.
    let mut form = domain::monitor_form::empty_form(CheckKind::Push);
    form.insert("name".to_owned(), "Backup".to_owned());
    let id = app.running.state.services.add_monitor(&Viewer::System, &form).await.unwrap();
    let path = format!("/console/monitors/{id}");
    let page = app.request(&viewer, Method::GET, &path).send().await.unwrap().text().await.unwrap();
    assert!(place(&page, "Events").unwrap() < place(&page, "Why").unwrap());
    app.close().await;
}
