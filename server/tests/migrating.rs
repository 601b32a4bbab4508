//! Migrations of a PostgreSQL with data in it that break off with the program.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::commands::{QUIET, folder_with, out, pharos};
use crate::postgres::new_database;
use crate::support::new_folder;

/// Long enough for a machine under load.
const PATIENCE: Duration = Duration::from_secs(20);

/// The files of a folder below `migrations/`, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Brings an empty database to where the Pharos with so many migrations had it, with rows of each of its times.
async fn of_version(db: &mut PgConnection, migrations: usize) {
    let folder = new_folder();
    std::fs::create_dir_all(&folder).unwrap();
    let samples = files("samples");
    for file in files("postgres").into_iter().take(migrations) {
        std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
        Migrator::new(folder.as_path()).await.unwrap().run(&mut *db).await.unwrap();
        if let Some(rows) = samples.iter().find(|rows| rows.file_name() == file.file_name()) {
            let rows = std::fs::read_to_string(rows).unwrap();
            sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut *db).await.unwrap();
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Everything that a migration could leave behind: columns, indexes, constraints, and every row.
async fn image(db: &mut PgConnection) -> Vec<String> {
    let mut image: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) \
         from information_schema.columns where table_schema = 'public' union all \
         select indexdef from pg_indexes where schemaname = 'public' union all \
         select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint \
         where connamespace = 'public'::regnamespace order by 1",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    for table in tables(db).await {
        let rows = format!("select '{table}' || t::text from {table} t order by 1");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut *db).await.unwrap();
        image.extend(rows);
    }
    image
}

async fn tables(db: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' order by 1")
        .fetch_all(db)
        .await
        .unwrap()
}

/// Begins to migrate.
fn migrating(folder: &Path, url: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_pharos"))
        .args(["migrate", "--database-url", url])
        .env_clear()
        .env("PHAROS_DATA_DIR", folder)
        .env("PHAROS_CONFIG", folder.join("pharos.toml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until as many connections to the database wait for a lock on one of its tables.
async fn until_waiting(db: &mut PgConnection, expected: i64) {
    const WAITING: &str = "select count(distinct pid) from pg_locks where not granted and locktype = 'relation' \
                           and database = (select oid from pg_database where datname = current_database())";
    let waiting = async {
        while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut *db).await.unwrap() != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("a migration waits, or none any more");
}

/// Waits until nobody but whoever asks and one more is connected.
async fn until_alone(db: &mut PgConnection) {
    const OTHERS: &str = "select count(*) from pg_stat_activity where datname = current_database()";
    let alone = async {
        while sqlx::query_scalar::<_, i64>(OTHERS).fetch_one(&mut *db).await.unwrap() > 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, alone).await.expect("the server notices that the program is gone");
}

#[tokio::test]
async fn a_program_that_is_killed_while_it_migrates_leaves_what_was_and_the_next_one_goes_on() {
    let count = files("postgres").len();
    let folder = folder_with(QUIET);
    for version in 1..count {
        // While the migration changes a table, and when it is done but for the note that it is: there each of them comes by.
        for at_the_end in [false, true] {
            let Some(url) = new_database().await else { return };
            let mut db = PgConnection::connect(&url).await.unwrap();
            let mut keeper = PgConnection::connect(&url).await.unwrap();
            of_version(&mut db, version).await;
            let before = image(&mut db).await;
            let mut kept = tables(&mut db).await;
            kept.retain(|table| (table == "_sqlx_migrations") == at_the_end);
            let lock = if at_the_end { "share" } else { "access share" };
            let lock = format!("begin; lock table {} in {lock} mode", kept.join(", "));
            sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut keeper).await.unwrap();
            let mut child = migrating(&folder, &url);
            if at_the_end {
                until_waiting(&mut db, 1).await;
            } else {
                // Some change no table that there was.
                let waiting = tokio::time::timeout(Duration::from_secs(2), until_waiting(&mut db, 1)).await;
                if waiting.is_err() && child.try_wait().unwrap().is_some() {
                    continue;
                }
            }
            // SIGKILL.
            child.kill().unwrap();
            child.wait().unwrap();
            sqlx::raw_sql("rollback").execute(&mut keeper).await.unwrap();
            until_waiting(&mut db, 0).await;
            until_alone(&mut db).await;
            if at_the_end {
                assert_eq!(image(&mut db).await, before, "{version}");
            }
            let check = folder.clone();
            let (again, now) = tokio::task::spawn_blocking(move || {
                let run =
                    |arguments: &[&str]| pharos(&check, &[arguments, &["--database-url", &url]].concat(), "");
                (run(&["migrate"]), run(&["migrate", "--check"]))
            })
            .await
            .unwrap();
            assert_eq!(again.status.code(), Some(0), "{version}: {again:?}");
            assert_eq!(out(&now), "The schema is up to date.\n", "{version}");
            let notes: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations where success")
                .fetch_one(&mut db)
                .await
                .unwrap();
            assert_eq!(usize::try_from(notes).unwrap(), count);
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}
