//! The command line, as a program.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{TestApp, new_folder};

fn pharos(folder: &Path, arguments: &[&str], input: &str) -> Output {
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

fn folder_with(config: &str) -> std::path::PathBuf {
    let folder = new_folder();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("pharos.toml"), config).unwrap();
    folder
}

fn out(output: &Output) -> String {
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
    assert_eq!(run(vec!["check".into(), "what is this".into()]).await.status.code(), Some(3));
    assert_eq!(run(vec!["check".into()]).await.status.code(), Some(3));

    let port = format!("server.port={}", app.running.address.port());
    assert_eq!(run(vec!["healthcheck".into(), "--set".into(), port]).await.status.code(), Some(0));
    app.close().await;
    assert_eq!(
        run(vec!["healthcheck".into(), "--set".into(), "server.port=1".into()]).await.status.code(),
        Some(1)
    );
    let _ = std::fs::remove_dir_all(folder);
}

#[cfg(target_os = "linux")]
#[test]
fn serve_prints_one_line_and_ends_well_on_a_signal() {
    use std::io::{BufRead as _, BufReader};

    let folder = folder_with(
        "[server]\nhost = \"127.0.0.1\"\nport = 0\n[checks]\nanchors = \"none\"\n[log]\nlevel = \"warn\"\n",
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_pharos"))
        .arg("serve")
        .env_clear()
        .env("PHAROS_DATA_DIR", &folder)
        .env("PHAROS_CONFIG", folder.join("pharos.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(
        line.starts_with("Pharos is running at http://127.0.0.1:") && line.contains("/setup?token="),
        "{line}"
    );
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let begun = std::time::Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(begun.elapsed().as_secs() < 10);
    assert!(lines.next().is_none(), "only one line");
    // The write-ahead log was folded into the file.
    assert!(!folder.join("pharos.db-wal").exists());
    let _ = std::fs::remove_dir_all(folder);
}
