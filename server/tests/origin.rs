//! Other sites cannot make a browser change something here.

use reqwest::Method;

use crate::support::{Actor, TestApp};

async fn status(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = app.request(&Actor::Anonymous, method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_call_of_a_machine_may_come_from_anywhere() {
    let app = TestApp::spawn().await;
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(status(&app, Method::POST, "/api/push/unknown", &foreign).await, 404);
    assert_eq!(status(&app, Method::POST, "/ping/unknown", &foreign).await, 404);
    assert_eq!(status(&app, Method::POST, "/tick", &foreign).await, 422, "an empty call of Telex");
    app.close().await;
}
