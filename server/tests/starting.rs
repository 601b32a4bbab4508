//! Starting, beside others and without a database, as a program.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use engine::store::Db;
use reqwest::Method;
use sqlx::{Connection as _, SqliteConnection};

use crate::commands::{QUIET, folder_with, out, pharos};
use crate::support::postgres::Postgres;
use crate::support::{Actor, TestApp, new_folder};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command beside a server of this process.
async fn beside(folder: &Path, arguments: &[&str]) -> Output {
    let folder = folder.to_owned();
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let run = move || pharos(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), "");
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// Starts a server on a folder; its output can be read.
fn serving(folder: &Path, flags: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_pharos"))
        .arg("serve")
        .args(flags)
        .env_clear()
        .env("PHAROS_DATA_DIR", folder)
        .env("PHAROS_CONFIG", folder.join("pharos.toml"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the database keeps of the set-up link.
async fn kept(app: &TestApp) -> Vec<(String, String)> {
    let url = Db::sqlite_url(&app.folder.join("pharos.db"));
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let settings = sqlx::query_as("select name, value from settings order by name").fetch_all(&mut db).await;
    settings.unwrap()
}

#[tokio::test]
async fn a_second_server_that_cannot_start_leaves_the_first_one_alone() {
    let app = TestApp::spawn().await;
    std::fs::write(app.folder.join("pharos.toml"), QUIET).unwrap();
    let before = kept(&app).await;
    assert!(!before.is_empty());
    let port = app.running.address.port().to_string();
    let output = beside(&app.folder, &["serve", "--port", &port]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output).contains("cannot listen on 127.0.0.1"), "{output:?}");
    // On another port it is the lock that keeps it away.
    let output = beside(&app.folder, &["serve", "--port", "0"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output).contains("another Pharos works with"), "{output:?}");
    assert_eq!(kept(&app).await, before);

    // Nothing at all is made where the port is taken.
    let other = folder_with(QUIET);
    let output = beside(&other, &["serve", "--port", &port]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!other.join("pharos.db").exists() && !other.join("secret.key").exists());

    // Commands work beside a server.
    for arguments in [["migrate", "--check"].as_slice(), &["token", "create", "CI"], &["secrets", "rotate"]] {
        let output = beside(&app.folder, arguments).await;
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    }
    app.close().await;
    let _ = std::fs::remove_dir_all(other);
}

#[tokio::test]
async fn keys_are_not_forgotten_while_a_server_seals_with_them() {
    let app = TestApp::spawn().await;
    let folder = app.folder.clone();
    let key_file = folder.join("secret.key");
    std::fs::write(folder.join("pharos.toml"), "").unwrap();
    let key = std::fs::read_to_string(&key_file).unwrap();
    let output = beside(&folder, &["secrets", "rotate", "--forget"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output).contains("every server stopped"), "{output:?}");
    assert_eq!(std::fs::read_to_string(&key_file).unwrap(), key);
    app.running.stop().await;
    let output = beside(&folder, &["secrets", "rotate", "--forget"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let new = std::fs::read_to_string(&key_file).unwrap();
    assert!(new.lines().count() == 1 && new != key, "the old key is gone");
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_server_goes_on_after_its_keys_were_rotated_beside_it() {
    let app = TestApp::spawn().await;
    std::fs::write(app.folder.join("pharos.toml"), "").unwrap();
    let token = app.token().await;
    let hook = serde_json::json!({ "integration": { "type": "Integrations::WebhookIntegration", "name": "Hook",
        "settings": { "webhook_url": "https://example.org/hook" } } });
    let made = app.request(&token, Method::POST, "/api/v1/integrations").json(&hook).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: serde_json::Value = made.json().await.unwrap();
    let output = beside(&app.folder, &["secrets", "rotate"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!out(&output).contains("Start servers"), "{output:?}");
    let path = format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap());
    let name = serde_json::json!({ "integration": { "name": "Renamed" } });
    let changed = app.request(&token, Method::PATCH, &path).json(&name).send().await.unwrap();
    let status = changed.status();
    assert_eq!(status, 200, "{}", changed.text().await.unwrap());
    app.close().await;
}

#[test]
fn a_lost_key_is_named_adds_no_other_and_there_is_a_way_back() {
    let folder = folder_with(QUIET);
    let key_file = folder.join("secret.key");
    assert_eq!(pharos(&folder, &["user", "add", "ada@example.org"], "").status.code(), Some(0));
    assert_eq!(pharos(&folder, &["secrets", "rotate"], "").status.code(), Some(0));
    let keys = std::fs::read_to_string(&key_file).unwrap();
    std::fs::remove_file(&key_file).unwrap();
    // One that is named as an old one is not lost.
    let old = format!("secrets.old_keys={}", keys.lines().next().unwrap());
    assert_eq!(pharos(&folder, &["token", "list", "--set", &old], "").status.code(), Some(0));
    assert!(key_file.exists());
    std::fs::remove_file(&key_file).unwrap();
    for arguments in [["serve"].as_slice(), &["secrets", "rotate"], &["secrets", "rotate", "--forget"]] {
        let output = pharos(&folder, arguments, "");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(said(&output).contains("secrets rotate --lost"), "{output:?}");
        assert!(!key_file.exists(), "{arguments:?}");
    }
    // The same with a key of another database: it stays the only one.
    let foreign = format!("{}\n", "a".repeat(64));
    std::fs::write(&key_file, &foreign).unwrap();
    for arguments in [["secrets", "rotate"].as_slice(), &["secrets", "rotate", "--forget"]] {
        let output = pharos(&folder, arguments, "");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(said(&output).contains("secrets rotate --lost"), "{output:?}");
        assert_eq!(std::fs::read_to_string(&key_file).unwrap(), foreign);
    }
    std::fs::remove_file(&key_file).unwrap();
    let output = pharos(&folder, &["secrets", "rotate", "--lost"], "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(out(&output).contains("Nothing was lost."), "{output:?}");
    assert_eq!(std::fs::read_to_string(&key_file).unwrap().lines().count(), 1);
    assert_eq!(pharos(&folder, &["secrets", "rotate"], "").status.code(), Some(0));
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn what_needs_an_installation_makes_none_where_there_is_none() {
    let folder = folder_with(QUIET);
    for arguments in [
        ["user", "reset-password", "ada@example.org"].as_slice(),
        &["token", "list"],
        &["secrets", "rotate"],
        &["secrets", "rotate", "--lost"],
    ] {
        let output = pharos(&folder, arguments, "");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let database = folder.join("pharos.db");
        assert!(
            said(&output).contains(&format!("there is no database at {}", database.display())),
            "{output:?}"
        );
        assert!(said(&output).contains("PHAROS_DATA_DIR"), "{output:?}");
        assert!(!database.exists() && !folder.join("secret.key").exists(), "{arguments:?}");
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_server_whose_database_is_away_says_so_and_when_to_come_back() {
    let app = TestApp::spawn().await;
    let token = app.token().await;
    let operator = app.viewer().await;
    assert_eq!(app.get("/").await.status(), 200);
    app.running.state.db.close().await;
    for (who, path) in [
        (&operator, "/console"),
        (&operator, "/console/monitors"),
        (&operator, "/login"),
        (&Actor::Anonymous, "/console"),
        (&Actor::Anonymous, "/login"),
        (&Actor::Anonymous, "/status/other"),
        (&Actor::Anonymous, "/history"),
        (&Actor::Anonymous, "/live/other/parts"),
        (&Actor::Anonymous, "/ping/some-token"),
        (&Actor::Anonymous, "/api/push/some-token"),
        (&token, "/api/v1/integrations"),
    ] {
        let answer = app.request(who, Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        assert_eq!(answer.headers()["retry-after"], "5", "{path}");
    }
    let page = app.request(&operator, Method::GET, "/console").send().await.unwrap().text().await.unwrap();
    assert_eq!(page, app.get("/console").await.text().await.unwrap(), "one page for everybody");
    assert!(page.contains("The database does not answer") && page.contains("try again"), "{page}");
    // What is known of the page stays to be seen, whoever asks.
    for who in [&operator, &Actor::Anonymous] {
        assert_eq!(app.request(who, Method::GET, "/").send().await.unwrap().status(), 200);
    }
    let answer = app.get("/readyz").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("The database does not answer"));
    // Whoever watches us hears of it, and of what is known without a database.
    let metrics = app.get("/metrics").await;
    assert_eq!(metrics.status(), 200);
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("pharos_database_up 0\n") && metrics.contains("pharos_recorder_queue_length "),
        "{metrics}"
    );
    app.close().await;
}

#[test]
fn whoever_looks_for_migrations_changes_nothing() {
    let folder = new_folder();
    let flag = format!("data.dir={}", folder.join("data").display());
    let outside = folder_with("");
    let output = pharos(&outside, &["migrate", "--check", "--set", &flag], "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(out(&output).starts_with("pending: 0001 "), "{output:?}");
    assert!(!folder.exists());
    let _ = std::fs::remove_dir_all(outside);
}

#[tokio::test]
async fn a_database_of_a_newer_pharos_is_not_up_to_date() {
    let folder = folder_with(QUIET);
    assert_eq!(beside(&folder, &["migrate"]).await.status.code(), Some(0));
    let url = Db::sqlite_url(&folder.join("pharos.db"));
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let later = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'later', true, x'00', 0)";
    sqlx::query(later).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    for arguments in [["migrate", "--check"].as_slice(), &["migrate"], &["serve"]] {
        let output = beside(&folder, arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let said = said(&output);
        assert_eq!(said.matches("made by a newer Pharos").count(), 1, "{said}");
        assert!(said.contains("start that one"), "{said}");
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_database_that_is_not_there_is_told_of_at_once_and_once() {
    let folder = folder_with(QUIET);
    let begun = std::time::Instant::now();
    let url = "postgres://postgres:hunter2@127.0.0.1:1/x";
    for arguments in [["migrate"].as_slice(), &["user", "add", "ada@example.org"], &["token", "create", "CI"]]
    {
        let output = pharos(&folder, &[arguments, &["--database-url", url]].concat(), "");
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
        let said = said(&output);
        assert_eq!((output.status.code(), said.matches("onnection refused").count()), (Some(1), 1), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    // A server waits for it, as long as it was told, and says so.
    let serve = ["serve", "--database-url", url, "--set", "data.database_wait=1"];
    let begun = std::time::Instant::now();
    let output = pharos(&folder, &serve, "");
    assert!((1..8).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let waited = said(&output);
    assert_eq!((output.status.code(), waited.matches("onnection refused").count()), (Some(1), 2), "{waited}");
    assert_eq!(waited.matches("waiting for the database").count(), 1, "{waited}");
    assert!(waited.contains("postgres://127.0.0.1:1/x") && !waited.contains("hunter2"), "{waited}");
    // A name alone would become a file in whatever folder this is.
    let output = pharos(&folder, &["serve", "--database-url", "pgdb"], "");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the flag --database-url: ") && said.contains("postgres://"), "{said}");
    assert!(!std::env::temp_dir().join("pgdb").exists());
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_server_that_starts_before_its_postgres_waits_for_it_but_for_no_other_remedy() {
    let Some(mut postgres) = Postgres::new() else { return };
    let folder = folder_with(QUIET);
    std::fs::write(folder.join("pharos.db"), "what was used before").unwrap();
    let mut child = serving(&folder, &["--database-url", &postgres.url]);
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    assert!(line.contains("waiting for the database") && line.contains("wait_s=30"), "{line}");
    postgres.start();
    let mut greeting = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
    assert!(greeting.contains("/setup?token="), "{greeting}");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.matches("nothing is carried over").count(), 1, "{rest}");

    let begun = std::time::Instant::now();
    let output = pharos(&folder, &["serve", "--database-url", &format!("{}_missing", postgres.url)], "");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    let said = said(&output);
    assert_eq!(
        (output.status.code(), said.contains("Make it, or name another one")),
        (Some(1), true),
        "{said}"
    );
    assert!(!said.contains("waiting"), "{said}");
    let _ = std::fs::remove_dir_all(folder);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_log_tells_of_start_stop_and_what_operators_did_without_colours_and_secrets() {
    let folder = folder_with(&QUIET.replace("warn", "info"));
    let made = beside(&folder, &["token", "create", "CI"]).await;
    let token = out(&made).trim().to_owned();
    let mut child = serving(&folder, &[]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split(' ').find(|word| word.starts_with("http://")).unwrap().trim().to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let hook = serde_json::json!({ "integration": {
        "type": "Integrations::WebhookIntegration", "name": "Hook",
        "settings": { "webhook_url": "https://hooks.example.org/hunter2" },
    } });
    let routes = format!("{address}/api/v1/integrations");
    let added = client.post(&routes).bearer_auth(&token).json(&hook).send().await.unwrap();
    assert_eq!(added.status(), 201, "{}", added.text().await.unwrap());
    // What is only read, or refused, is no change.
    assert!(client.get(&routes).bearer_auth(&token).send().await.unwrap().status().is_success());
    let empty = serde_json::json!({});
    let refused = client.post(&routes).bearer_auth(&token).json(&empty).send().await.unwrap();
    assert!(refused.status().is_client_error());
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap().code(), Some(0));
    assert!(!log.contains('\u{1b}'), "{log}");
    let (start, stop) = (log.find("Pharos runs"), log.find("Pharos has stopped"));
    assert!(start.is_some() && start < stop, "{log}");
    assert!(log.contains(env!("CARGO_PKG_VERSION")) && log.contains("pharos.db"), "{log}");
    let done: Vec<&str> = log.lines().filter(|line| line.contains("an operator did something")).collect();
    assert_eq!(done.len(), 1, "{log}");
    assert!(done[0].contains("/api/v1/integrations") && done[0].contains("who="), "{log}");
    assert!(!log.contains("hunter2") && !log.contains(&token), "{log}");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn values_that_the_url_of_the_mail_server_overrules_are_told_at_the_start() {
    let mail =
        "[mail]\nurl = \"smtps://ada:hunter2@mail.example.org\"\nport = 587\nfrom = \"pharos@example.org\"\n";
    let folder = folder_with(&format!("{QUIET}{mail}"));
    let mut child = serving(&folder, &[]);
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let told: Vec<_> = log.lines().filter(|line| line.contains("says which mail server is used")).collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(told[0].contains("WARN") && told[0].contains("what `mail.port`"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_folder_that_is_missing_for_the_database_is_named_with_its_key() {
    let folder = folder_with(QUIET);
    let absent = folder.join("absent");
    let absolute = format!("data.database_url=sqlite://{}/pharos.db", absent.display());
    let relative = "data.database_url=sqlite://absent-here/pharos.db";
    let here = std::env::temp_dir().join("absent-here");
    for (url, absent, slashes) in [(absolute.as_str(), absent, false), (relative, here, true)] {
        for command in [&["serve", "--port", "0"][..], &["user", "add", "ada@example.org"]] {
            let output = pharos(&folder, &[command, &["--set", url]].concat(), "");
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            let words = format!("data.database_url: the folder {} does not exist. Make it", absent.display());
            assert!(said(&output).contains(&words), "{output:?}");
            assert_eq!(said(&output).contains("three slashes"), slashes, "{output:?}");
        }
        assert!(!absent.exists());
    }
    let _ = std::fs::remove_dir_all(folder);
}
