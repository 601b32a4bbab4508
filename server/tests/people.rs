//! Setting up and logging in.

use std::time::{Duration, Instant};

use domain::person::Viewer;
use domain::views::console::LinkSource;
use engine::services::ServiceError;
use engine::services::people::NewAccount;

use reqwest::Method;

use crate::support::{Actor, PASSWORD, TestApp};

fn ada() -> NewAccount {
    NewAccount { email: " Ada@Example.org ".into(), name: String::new(), password: PASSWORD.into() }
}

fn fields(error: ServiceError) -> Vec<String> {
    match error {
        ServiceError::Invalid(errors) => errors.into_iter().map(|error| error.field).collect(),
        other => panic!("not about the input: {other}"),
    }
}

#[tokio::test]
async fn the_set_up_link_works_once() {
    let app = TestApp::spawn().await;
    let services = &app.running.state.services;
    let token = app.running.setup_token.clone().unwrap();
    assert_eq!(fields(services.set_up("guessed", &ada()).await.unwrap_err()), ["token"]);
    let account = services.set_up(&token, &ada()).await.unwrap();
    assert_eq!((account.email.as_str(), account.name.as_str()), ("ada@example.org", "ada"));
    assert!(matches!(services.set_up(&token, &ada()).await, Err(ServiceError::Conflict(_))));
    assert_eq!(services.new_setup_token().await.unwrap(), None);

    let mut tx = app.running.state.db.read().await.unwrap();
    let page = engine::store::pages::default(&mut tx).await.unwrap();
    assert!(page.is_some(), "there is a page at / from the start");
    drop(tx);
    app.close().await;
}

#[tokio::test]
async fn two_people_with_the_same_link_make_one_account() {
    let app = TestApp::spawn().await;
    let services = &app.running.state.services;
    let token = app.running.setup_token.clone().unwrap();
    let (ada, mut eve) = (ada(), ada());
    eve.email = "eve@example.org".into();
    let (first, second) = tokio::join!(services.set_up(&token, &ada), services.set_up(&token, &eve));
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|ok| **ok).count(), 1);
    app.close().await;
}

#[tokio::test]
async fn a_start_makes_the_link_of_the_start_before_useless() {
    let app = TestApp::spawn().await;
    let services = &app.running.state.services;
    let old = app.running.setup_token.clone().unwrap();
    let new = services.new_setup_token().await.unwrap().unwrap();
    assert_eq!(fields(services.set_up(&old, &ada()).await.unwrap_err()), ["token"]);
    services.set_up(&new, &ada()).await.unwrap();
    app.close().await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_new_account_is_said_at_once() {
    let app = TestApp::spawn().await;
    let bad = NewAccount { email: "ada".into(), name: "a\u{7}".into(), password: "short".into() };
    let refused = app.running.state.services.add_user(&Viewer::System, &bad).await.unwrap_err();
    assert_eq!(fields(refused), ["email", "name", "password"]);
    let refused = app.running.state.services.add_user(&Viewer::Anonymous, &ada()).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden)));
    app.close().await;
}

#[tokio::test]
async fn logging_in_does_not_tell_whether_an_account_exists() {
    let app = TestApp::spawn().await;
    app.account("ada@example.org").await;
    let services = &app.running.state.services;
    assert_eq!(
        services.log_in("ADA@example.org", PASSWORD, "c", None).await.unwrap().email,
        "ada@example.org"
    );
    let timed = async |email: &str| {
        let begun = Instant::now();
        let refused = services.log_in(email, "wrong password", email, None).await.unwrap_err();
        (refused.to_string(), begun.elapsed())
    };
    let ((known, known_took), (unknown, unknown_took)) =
        (timed("ada@example.org").await, timed("eve@example.org").await);
    assert_eq!(known, unknown);
    // A look-up without a hash takes less than a millisecond; a hash takes dozens.
    assert!(
        unknown_took > known_took / 5 && unknown_took > Duration::from_millis(5),
        "{known_took:?} {unknown_took:?}"
    );
    app.close().await;
}

#[tokio::test]
async fn whoever_guesses_has_to_wait() {
    let app = TestApp::spawn().await;
    app.account("ada@example.org").await;
    let services = &app.running.state.services;
    for _ in 0..5 {
        assert!(matches!(
            services.log_in("ada@example.org", "wrong password", "a", None).await,
            Err(ServiceError::Invalid(_))
        ));
    }
    let refused = services.log_in("ada@example.org", PASSWORD, "a", None).await;
    assert!(matches!(refused, Err(ServiceError::TooMany { .. })), "{refused:?}");
    services.log_in("ada@example.org", PASSWORD, "b", None).await.expect("the owner, elsewhere");
    app.close().await;
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_reset_by_the_command_line() {
    let app = TestApp::spawn().await;
    let account = app.account("ada@example.org").await;
    let services = &app.running.state.services;
    let ada = Viewer::Person(account);
    assert_eq!(
        fields(services.change_password(&ada, "wrong", "another sentence").await.unwrap_err()),
        ["current"]
    );
    assert_eq!(fields(services.change_password(&ada, PASSWORD, "short").await.unwrap_err()), ["new"]);
    services.change_password(&ada, PASSWORD, "another sentence").await.unwrap();
    services.log_in("ada@example.org", "another sentence", "c", None).await.unwrap();

    let refused = services.reset_password(&ada, "ada@example.org", PASSWORD).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden)));
    services.reset_password(&Viewer::System, "ada@example.org", PASSWORD).await.unwrap();
    services.log_in("ada@example.org", PASSWORD, "c", None).await.unwrap();
    services.rename(&ada, "Countess Lovelace").await.unwrap();
    assert_eq!(
        services.account(ada.account().unwrap().key).await.unwrap().unwrap().name,
        "Countess Lovelace"
    );
    app.close().await;
}

/// What links in messages begin with.
async fn links(app: &TestApp) -> Option<(String, LinkSource)> {
    app.running.state.services.link_address(&Viewer::System, None).await.unwrap().used
}

/// Logs in by the form, with headers that anybody could write.
async fn log_in(app: &TestApp, password: &str, headers: &[(&str, &str)]) {
    let mut request = app.request(&Actor::Anonymous, Method::POST, "/api/log_in");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let form = format!("email=ada%40example.org&password={}", password.replace(' ', "+"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.header("accept", "text/html").send().await.unwrap();
    assert_eq!(answer.status(), 303);
}

#[tokio::test]
async fn links_begin_where_somebody_logged_in_and_not_where_anybody_says_they_are() {
    let app = TestApp::spawn().await;
    app.account("ada@example.org").await;
    let here = format!("http://{}", app.running.address);
    let evil = [("host", "evil.example"), ("origin", "http://evil.example")];
    app.request(&Actor::Anonymous, Method::GET, "/login")
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    log_in(&app, "guessed wrongly", &evil).await;
    assert_eq!(links(&app).await, None, "a request that proves nothing is not believed");
    // A proxy that nobody trusts may say what it likes.
    log_in(&app, PASSWORD, &[("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")]).await;
    assert_eq!(links(&app).await, Some((here, LinkSource::LogIn)));
    let real = [("host", "status.example.com"), ("origin", "https://status.example.com")];
    log_in(&app, PASSWORD, &real).await;
    let kept = Some(("https://status.example.com".to_owned(), LinkSource::LogIn));
    assert_eq!(links(&app).await, kept);
    log_in(&app, PASSWORD, &[]).await;
    assert_eq!(links(&app).await, kept, "an address of this machine is no better");
    app.close().await;
}

#[tokio::test]
async fn what_the_configuration_says_decides_where_links_lead() {
    let app = TestApp::spawn_with(&[("server.base_url", "https://status.example.org")]).await;
    app.account("ada@example.org").await;
    log_in(&app, PASSWORD, &[]).await;
    let decided = Some(("https://status.example.org".to_owned(), LinkSource::Configuration));
    assert_eq!(links(&app).await, decided);
    let services = &app.running.state.services;
    let refused = services.set_link_address(&Viewer::System, "https://other.example.org").await;
    assert!(matches!(refused, Err(ServiceError::Conflict(words)) if words.contains("server.base_url")));
    app.close().await;
}
