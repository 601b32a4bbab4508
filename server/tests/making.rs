//! The words of the Makefile, as far as they start something.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use engine::store;

use crate::support::new_folder;

#[tokio::test]
async fn make_run_ends_in_a_server_that_waits_to_be_set_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let make = Command::new("make")
        .args(["--no-print-directory", "--dry-run", "run"])
        .current_dir(root)
        // These tests may have been started by another make.
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .output()
        .expect("the words of this project need make");
    assert!(make.status.success(), "{make:?}");
    let recipe = String::from_utf8(make.stdout).unwrap();
    let lines: Vec<_> = recipe.lines().collect();
    let [built @ .., start] = lines.as_slice() else { panic!("{recipe}") };
    let is_built =
        |line: &&str| line.starts_with("cargo build --release ") && line.ends_with(" --bin pharos");
    assert!(built.iter().any(is_built), "{recipe}");

    // Where that leaves the program is the one of these tests, which was built without taking minutes to make it fast.
    let folder = new_folder();
    let (empty, release) = (folder.join("empty"), folder.join("target/release"));
    std::fs::create_dir_all(&empty).unwrap();
    std::fs::create_dir_all(&release).unwrap();
    symlink(env!("CARGO_BIN_EXE_pharos"), release.join("pharos")).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut child = Command::new("bash")
        .args(["-euo", "pipefail", "-c", start])
        .current_dir(&empty)
        .env_clear()
        .env("PATH", path)
        .env("HOME", &folder)
        .env("BASH_ENV", root.join(".ci/env"))
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // Any free port, and nobody out there is asked for anything.
        .envs([("PHAROS_HOST", "127.0.0.1"), ("PHAROS_PORT", "0"), ("PHAROS_CHECKS_ANCHORS", "none")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split(' ').find(|word| word.starts_with("http://")).expect("an address");
    assert!(line.contains(&format!("set it up: {address}/setup?token=")), "{line}");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str| {
        let answer = client.get(format!("{address}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ask("/healthz").await, (200, "ok\n".to_owned()));
    let (_, way) = line.trim().rsplit_once(address).unwrap();
    let (status, page) = ask(way).await;
    assert!(status == 200 && page.contains("password"), "{page}");
    assert!(store::default_file(&empty.join("data")).exists());
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap().code(), Some(0));
    let _ = std::fs::remove_dir_all(folder);
}
