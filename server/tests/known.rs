//! Browsers that somebody logged in with before have tries of their own at the log-in.

use domain::person::Viewer;
use engine::chance::Chance;
use engine::clock::Clock;
use reqwest::header::SET_COOKIE;
use reqwest::{Client, Response};
use server::start::{self, Running};

use crate::support::{PASSWORD, TestApp, config};

const ADA: &str = "ada@example.org";

/// Tries to log in with a browser that has these cookies.
async fn log_in(running: &Running, email: &str, password: &str, cookie: &str) -> Response {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([("email", email), ("password", password)]);
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{}/api/log_in", running.address)).header("cookie", cookie);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
    request.send().await.unwrap()
}

async fn status(running: &Running, email: &str, password: &str, cookie: &str) -> u16 {
    log_in(running, email, password, cookie).await.status().as_u16()
}

/// The cookie of an answer by which the browser is known, with and without what is said of it.
fn mark(answer: &Response) -> Option<(String, String)> {
    let cookies = answer.headers().get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
    let whole = cookies.into_iter().find(|cookie| cookie.starts_with("pharos-known="))?;
    Some((whole.to_owned(), whole.split(';').next().unwrap().to_owned()))
}

#[tokio::test]
async fn a_browser_that_was_logged_in_is_not_kept_out_by_guesses_after_a_restart_either() {
    let app = TestApp::spawn().await;
    app.account(ADA).await;
    app.account("eve@example.org").await;
    let refused = log_in(&app.running, ADA, "wrong password", "").await;
    assert!(mark(&refused).is_none(), "only a success marks a browser");
    let (whole, ada) = mark(&log_in(&app.running, ADA, PASSWORD, "").await).unwrap();
    assert!(whole.contains("; HttpOnly; SameSite=Lax; Path=/; Max-Age="), "{whole}");
    assert!(!whole.contains("example") && ada.len() < 400, "{whole}");
    app.running.stop().await;

    let running = start::start(config(&app.folder, &[]), Clock::System, Chance::System).await.unwrap();
    for email in [ADA, "eve@example.org"] {
        for _ in 0..5 {
            assert_eq!(status(&running, email, "wrong password", "").await, 422);
        }
    }
    // What is no mark, is damaged, or belongs to somebody else gives nothing.
    let damaged = format!("{}A", &ada[..ada.len() - 1]);
    for nothing in ["", "pharos-known=x", "pharos-known=sealed:1:", damaged.as_str()] {
        if nothing != ada {
            assert_eq!(status(&running, ADA, PASSWORD, nothing).await, 429, "{nothing}");
        }
    }
    assert_eq!(status(&running, "eve@example.org", PASSWORD, &ada).await, 429);
    let again = log_in(&running, ADA, PASSWORD, &format!("other=1; {ada}")).await;
    assert_eq!(again.status(), 200);
    assert_ne!(mark(&again).unwrap().1, ada, "each time another one");

    // Whoever stole it cannot guess on and on.
    let mut judged = 0;
    while status(&running, ADA, "wrong password", &ada).await == 422 {
        judged += 1;
        assert!(judged < 50);
    }
    // Ten of its own, and five like any other: the success has forgiven those before.
    assert_eq!(judged, 15);
    let (_, other) = mark(&again).unwrap();
    assert_eq!(status(&running, ADA, PASSWORD, &other).await, 200, "the owner's is another one");
    running.state.services.reset_password(&Viewer::System, ADA, "another sentence").await.unwrap();
    for _ in 0..5 {
        status(&running, ADA, "wrong password", "").await;
    }
    assert_eq!(status(&running, ADA, "another sentence", &other).await, 429, "it is of the old password");
    running.stop().await;
    let _ = std::fs::remove_dir_all(&app.folder);
}
