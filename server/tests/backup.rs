//! The backup that the README describes.

use engine::store::Db;
use reqwest::Method;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::support::{TestApp, new_folder};

#[tokio::test]
async fn a_backup_is_one_look_at_a_running_server_and_starts_with_its_key() {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let Ok(readme) = std::fs::read_to_string(readme) else { return };
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let line = readme.lines().find_map(|line| line.strip_prefix("sqlite3 data/pharos.db "));
    let statement = line.unwrap().trim_matches('"');
    // A copy that is made page by page begins anew whenever the server writes.
    assert!(statement.starts_with("vacuum into "), "{statement}");

    let folder = new_folder();
    std::fs::create_dir(&folder).unwrap();
    let copy = folder.join("pharos.db");
    let statement = statement.replace("backup.db", copy.to_str().unwrap());
    let mut db = SqliteConnection::connect(&Db::sqlite_url(&app.folder.join("pharos.db"))).await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    std::fs::copy(app.folder.join("secret.key"), folder.join("secret.key")).unwrap();
    app.close().await;

    let restored = TestApp::over(folder, &[]).await;
    let answer = restored.request(&program, Method::GET, "/api/v1/network_monitors").send().await.unwrap();
    assert_eq!(answer.status(), 200, "the token was in the log only");
    restored.close().await;
}
