//! The command line, as a program.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use domain::check::PushSettings;
use domain::health::Settled;
use domain::id::MonitorId;
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::store::{Db, health, monitors, results};

use crate::support::{TestApp, new_folder};

/// A server on any free port that asks nobody out there.
pub(crate) const QUIET: &str =
    "[server]\nhost = \"127.0.0.1\"\nport = 0\n[checks]\nanchors = \"none\"\n[log]\nlevel = \"warn\"\n";

pub(crate) fn pharos(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pharos"))
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .env_clear()
        .env("PHAROS_DATA_DIR", folder)
        .env("PHAROS_CONFIG", folder.join("pharos.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn folder_with(config: &str) -> std::path::PathBuf {
    let folder = new_folder();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("pharos.toml"), config).unwrap();
    folder
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_wrong_configuration_stops_the_start_with_file_line_and_remedy() {
    let folder = folder_with("[server]\nprot = 3000\n");
    let output = pharos(&folder, &["serve"], "");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = format!(
        "pharos: {}:2: there is no key `server.prot`; did you mean `server.port`?\n",
        folder.join("pharos.toml").display()
    );
    assert_eq!(said, expected);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn migrate_lists_what_is_pending_and_then_does_it() {
    let folder = folder_with("");
    let output = pharos(&folder, &["migrate", "--check"], "");
    assert_eq!(
        (output.status.code(), out(&output).starts_with("pending: 0001 ")),
        (Some(1), true),
        "{output:?}"
    );
    assert_eq!(pharos(&folder, &["migrate"], "").status.code(), Some(0));
    let output = pharos(&folder, &["migrate", "--check"], "");
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "The schema is up to date.\n"));
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn people_are_added_and_given_new_passwords() {
    let folder = folder_with("");
    let output = pharos(&folder, &["user", "add", "ada@example.org"], "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(out(&output).contains("Password: "), "{output:?}");
    let journal = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = journal.lines().find(|line| line.contains("an operator did something")).expect(&journal);
    assert!(line.contains("who=\"command line\" command=\"user add\" about=\"USR"), "{line}");
    assert!(
        !journal.contains("ada@")
            && !journal.contains(out(&output).split("Password: ").nth(1).unwrap().trim())
    );
    let again = pharos(&folder, &["user", "add", "ada@example.org"], "");
    assert_eq!(again.status.code(), Some(1));
    let reset = ["user", "reset-password", "ada@example.org", "--password-stdin"];
    let output = pharos(&folder, &reset, "a sentence of mine\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!out(&output).contains("sentence"));
    assert_eq!(pharos(&folder, &reset, "short\n").status.code(), Some(1));
    assert_eq!(pharos(&folder, &["user", "reset-password", "eve@example.org"], "").status.code(), Some(1));
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn the_plan_is_shown_and_changed_and_text_messages_need_the_paid_one() {
    let app = TestApp::spawn_with(&[("server.environment", "development")]).await;
    let folder = app.folder.clone();
    std::fs::write(folder.join("pharos.toml"), "").unwrap();
    let plan = async |arguments: &'static [&'static str]| {
        let folder = folder.clone();
        let output = tokio::task::spawn_blocking(move || pharos(&folder, arguments, "")).await.unwrap();
        (output.status.code(), out(&output))
    };
    let program = app.token().await;
    let add = async || {
        let sms = serde_json::json!({ "integration": {
            "type": "Integrations::SmsIntegration", "settings": { "phone_number": "+15550100199" },
        } });
        let request = app.request(&program, reqwest::Method::POST, "/api/v1/integrations").json(&sms);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap()["error"].clone())
    };
    assert_eq!(plan(&["plan"]).await, (Some(0), "paid\n".to_owned()));
    assert_eq!(plan(&["plan", "free"]).await, (Some(0), "free\n".to_owned()));
    assert_eq!(add().await, (403, "paid_plan_required".into()));
    assert_eq!(plan(&["plan", "gold"]).await.0, Some(2));
    assert_eq!(plan(&["plan"]).await.1, "free\n");
    assert_eq!(plan(&["plan", "paid"]).await, (Some(0), "paid\n".to_owned()));
    assert_eq!(add().await.0, 201);
    app.close().await;
}

#[tokio::test]
async fn check_answers_with_the_exit_codes_of_nagios() {
    let app = TestApp::spawn().await;
    let folder = folder_with("");
    let url = format!("http://{}", app.running.address);
    let run = async |arguments: Vec<String>| {
        let folder = folder.clone();
        let run = move || pharos(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), "");
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let output = run(vec!["check".into(), format!("{url}/healthz")]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        out(&output).starts_with("UP http://127.0.0.1:") && out(&output).contains(" | time=0."),
        "{output:?}"
    );
    let output = run(vec!["check".into(), format!("{url}/no-such-page"), "--json".into()]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["kind"], &answer["report"]["outcome"]["state"]), (&"http".into(), &"down".into()));
    // Nagios shows what stands on standard output.
    let forbidden = run(vec!["check".into(), "http://169.254.169.254/".into()]).await;
    assert_eq!(forbidden.status.code(), Some(3), "{forbidden:?}");
    assert!(out(&forbidden).starts_with("UNKNOWN http://169.254.169.254"), "{forbidden:?}");
    let wrong = vec!["check", "example.org", "--set", "server.port=many"];
    for arguments in
        [vec!["check", "what is this"], vec!["check"], vec!["check", "a", "--timeout", "x"], wrong]
    {
        let output = run(arguments.iter().map(ToString::to_string).collect()).await;
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(out(&output).starts_with("UNKNOWN: ") && out(&output).len() > 20, "{output:?}");
    }

    let port = app.running.address.port();
    let by_key = vec!["healthcheck".into(), "--set".into(), format!("server.port={port}")];
    assert_eq!(run(by_key).await.status.code(), Some(0));
    let by_flag = vec!["healthcheck".into(), "--host".into(), "127.0.0.1".into(), format!("--port={port}")];
    assert_eq!(run(by_flag).await.status.code(), Some(0));
    app.close().await;
    assert_eq!(
        run(vec!["healthcheck".into(), "--set".into(), "server.port=1".into()]).await.status.code(),
        Some(1)
    );
    let _ = std::fs::remove_dir_all(folder);
}

#[cfg(target_os = "linux")]
fn serve(folder: &Path) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_pharos"))
        .arg("serve")
        .env_clear()
        .env("PHAROS_DATA_DIR", folder)
        .env("PHAROS_CONFIG", folder.join("pharos.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[cfg(target_os = "linux")]
fn send(signal: &str, child: &std::process::Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Whether whoever started the tests lets no hangup end them; what they start inherits that.
#[cfg(target_os = "linux")]
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
}

#[cfg(target_os = "linux")]
#[test]
fn serve_prints_one_line_and_ends_well_on_a_signal() {
    use std::io::{BufRead as _, BufReader};

    for signal in ["-TERM", "-INT", "-HUP"] {
        let folder = folder_with(QUIET);
        let mut child = serve(&folder);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        assert!(
            line.starts_with("Pharos is running at http://127.0.0.1:") && line.contains("/setup?token="),
            "{line}"
        );
        send(signal, &child);
        if signal == "-HUP" && hangups_are_ignored() {
            // So it is with `nohup` around the tests, too; the server must go on then.
            std::thread::sleep(std::time::Duration::from_millis(500));
            assert!(child.try_wait().unwrap().is_none(), "a hangup that is to be ignored");
            send("-TERM", &child);
        }
        let begun = std::time::Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed().as_secs() >= 10 {
                child.kill().unwrap();
                panic!("{signal} does not end it");
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(lines.next().is_none(), "only one line");
        // The write-ahead log was folded into the file.
        assert!(!folder.join("pharos.db-wal").exists());
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_signal_loses_no_heartbeat_that_was_answered_and_waits_for_no_open_stream() {
    use std::io::{BufRead as _, BufReader};

    const JOBS: usize = 60;
    let folder = folder_with(QUIET);
    let url = Db::sqlite_url(&folder.join("pharos.db"));
    let db = Db::open(&url).await.unwrap();
    db.migrate().await.unwrap();
    let mut tx = db.write().await.unwrap();
    let mut keys = Vec::new();
    for number in 0..JOBS {
        let draft = MonitorDraft {
            name: format!("job {number}"),
            settings: PushSettings::every(3_600, 60).into(),
            policy: Policy::default(),
            notes: Notes::default(),
        };
        let id = MonitorId::new(Chance::System.bytes());
        let token = format!("job{number}");
        let now = Clock::System.now();
        keys.push(monitors::insert(&mut tx, &id, &draft, Some(&token), now).await.unwrap());
    }
    tx.commit().await.unwrap();
    db.close().await;

    // No server of this process has done it yet when this test is the first one, or the only one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut child = serve(&folder);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    // Streams that would never end by themselves.
    let mut stream = client.get(format!("{address}/live/main/events")).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    let socket = format!("{}/live/main", address.replace("http://", "ws://"));
    let _socket = tokio_tungstenite::connect_async(socket).await.unwrap();
    let beats = (0..JOBS).map(|number| client.get(format!("{address}/ping/job{number}/fail")).send());
    for answer in futures::future::join_all(beats).await {
        assert!(answer.unwrap().status().is_success());
    }
    let begun = std::time::Instant::now();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(0));
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());

    let db = Db::open(&url).await.unwrap();
    let mut tx = db.read().await.unwrap();
    for key in keys {
        let kept = health::get(&mut tx, key).await.unwrap().unwrap();
        assert_eq!(kept.health.settled, Settled::Down, "{key:?}");
        // A slot that came meanwhile may have brought a second one.
        assert!(!results::latest(&mut tx, key, 9).await.unwrap().is_empty(), "{key:?}");
    }
    drop(tx);
    db.close().await;
    let _ = std::fs::remove_dir_all(folder);
}
