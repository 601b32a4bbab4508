//! How a database is opened, locked and looked at, and what is said when that fails.

use std::time::{Duration, Instant};

use domain::check::CheckSettings;
use domain::check::request::{Auth, Header};
use domain::id::{IntegrationId, ProjectKey};
use domain::integration::{IntegrationDraft, WebhookSettings};
use engine::chance::Chance;
use engine::keys;
use engine::seal::Sealer;
use engine::store::{Db, LockError, Schema, integrations, leases, monitors, settings};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::on_both;
use crate::world::World;

/// Runs a statement beside the store.
async fn tamper(world: &World, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap();
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
}

on_both! {
    async fn a_database_of_a_newer_program_is_told_from_one_that_is_up_to_date(world: World) {
        tamper(
            &world,
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
             select 9999, 'later', success, checksum, 0 from _sqlx_migrations where version = 1",
        )
        .await;
        let schema = world.db.schema().await.unwrap();
        assert_eq!((schema.pending.len(), schema.unknown.as_slice()), (0, [9_999].as_slice()));
        assert!(!schema.is_current());
        let problem = schema.problem().unwrap();
        assert!(problem.contains("newer Pharos") && problem.contains("start that one"), "{problem}");
        assert_eq!(world.db.migrate().await.unwrap_err().to_string(), problem);
    }

    async fn a_migration_that_broke_off_is_told_of_with_the_way_out(world: World) {
        tamper(&world, "update _sqlx_migrations set success = false where version = 3").await;
        let schema = world.db.schema().await.unwrap();
        assert_eq!((schema.unfinished.as_slice(), schema.is_current()), ([3].as_slice(), false));
        let problem = schema.problem().unwrap();
        assert!(problem.contains("migration 0003") && problem.contains("backup"), "{problem}");
        assert!(problem.contains("the row of version 3 from the table _sqlx_migrations"), "{problem}");
        assert_eq!(world.db.migrate().await.unwrap_err().to_string(), problem);
    }

    async fn a_migration_that_was_changed_is_told_of(world: World) {
        tamper(&world, "update _sqlx_migrations set checksum = (select checksum from _sqlx_migrations where version = 1) where version = 2")
            .await;
        let schema = world.db.schema().await.unwrap();
        assert_eq!((schema.changed.as_slice(), schema.is_current()), ([2].as_slice(), false));
        let problem = schema.problem().unwrap();
        assert!(problem.contains("migration 0002"), "{problem}");
        assert_eq!(world.db.migrate().await.unwrap_err().to_string(), problem);
    }

    async fn a_server_is_seen_by_its_leases_until_they_run_out_or_it_lets_go(world: World) {
        let now = world.now();
        let until = now + Duration::from_secs(15);
        let mut tx = world.db.write().await.unwrap();
        assert_eq!(leases::held_until(&mut tx, now).await.unwrap(), None);
        leases::claim(&mut tx, 3, "node", now, until).await.unwrap().unwrap();
        assert_eq!(leases::held_until(&mut tx, now).await.unwrap(), Some(until));
        assert_eq!(leases::held_until(&mut tx, until + Duration::from_secs(1)).await.unwrap(), None);
        leases::release(&mut tx, "node").await.unwrap();
        assert_eq!(leases::held_until(&mut tx, now).await.unwrap(), None);
        tx.commit().await.unwrap();
    }

    async fn what_does_not_open_is_named_and_keeps_nothing_else_from_a_new_key(world: World) {
        let keys = [(); 3].map(|()| engine::seal::new_key(&Chance::System));
        let with = |keys: &[&String]| {
            let keys = keys.iter().map(|key| key.as_str());
            world.db.clone().sealing_with(Sealer::new(keys, Chance::System).unwrap())
        };
        let old = with(&[&keys[0]]);
        keys::agree(&old).await.unwrap();
        let mut sealed = Vec::new();
        // The middle one with a key that is gone; the last one is JSON that this program does not read.
        for (name, db) in [("A", &old), ("B", &with(&[&keys[2]])), ("C", &old), ("D", &old)] {
            let mut monitor = world.load(world.monitor(name).await.0).await.unwrap();
            if let CheckSettings::Http(http) = &mut monitor.draft.settings {
                http.auth = Auth::Bearer { token: format!("hunter{name}").into() };
            }
            let mut tx = db.write().await.unwrap();
            monitors::reseal(&mut tx, &monitor).await.unwrap();
            tx.commit().await.unwrap();
            sealed.push(monitor.key);
        }
        tamper(&world, &format!("update monitors set settings = '{{\"kind\": \"later\"}}' where id = {}", sealed[3].0)).await;
        let done = keys::reseal(&with(&[&keys[1], &keys[0]])).await.unwrap();
        assert_eq!(done.monitors, 2, "{done:?}");
        let rows = [sealed[1], sealed[3]].map(|key| format!("the monitor of row {}", key.0));
        assert_eq!(done.unreadable, rows);
        let new = with(&[&keys[1]]);
        keys::agree(&new).await.unwrap();
        let mut tx = new.read().await.unwrap();
        for key in [sealed[0], sealed[2]] {
            assert!(monitors::by_key(&mut tx, key).await.unwrap().is_some());
        }
        let mut tx = with(&[&keys[2]]).read().await.unwrap();
        assert!(monitors::by_key(&mut tx, sealed[1]).await.unwrap().is_some(), "it was not lost");
    }

    async fn what_an_older_program_did_not_take_for_a_secret_is_sealed_at_the_start(world: World) {
        world.services.ensure_project().await.unwrap();
        let header = || vec![Header { name: "X-Team".to_owned(), value: "hunter2".into() }];
        let mut monitor = world.load(world.monitor("Shop").await.0).await.unwrap();
        if let CheckSettings::Http(http) = &mut monitor.draft.settings {
            http.headers = header();
        }
        let hook = WebhookSettings { headers: header(), ..WebhookSettings::to("https://example.org/hook") };
        let hook = IntegrationDraft { name: "hook".to_owned(), settings: hook.into(), enabled: true, quiet: None };
        let mut tx = world.db.write().await.unwrap();
        monitors::reseal(&mut tx, &monitor).await.unwrap();
        let id = IntegrationId::new(world.chance.bytes());
        integrations::insert(&mut tx, ProjectKey(1), &id, &hook, world.now()).await.unwrap();
        tx.commit().await.unwrap();
        world.monitor("Other").await;
        assert_eq!(keys::seal_bare(&world.db).await.unwrap(), 0, "nothing is secret in these");
        for table in ["monitors", "integrations"] {
            let text = "replace(cast(settings as text), 'X-Team', 'X-Functions-Key')";
            let text = if world.url.starts_with("sqlite") { text.to_owned() } else { format!("({text})::jsonb") };
            tamper(&world, &format!("update {table} set settings = {text}")).await;
        }
        assert_eq!(keys::seal_bare(&world.db).await.unwrap(), 2);
        assert_eq!(keys::seal_bare(&world.db).await.unwrap(), 0);
        assert!(!crate::telling::raw_settings(&world).await.contains("hunter2"));
        let after = world.load(monitor.key).await.unwrap();
        let CheckSettings::Http(http) = after.draft.settings else { panic!("{after:?}") };
        assert_eq!((http.headers[0].value.expose(), after.version), ("hunter2", monitor.version));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_everybody_may_open_is_closed_and_what_a_group_may_do_stays() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    for (before, after) in [(0o644, 0o600), (0o666, 0o600), (0o604, 0o600), (0o640, 0o640), (0o600, 0o600)] {
        let folder = tempfile::tempdir().unwrap();
        let files = ["pharos.db", "pharos.db-wal", "pharos.db-shm"].map(|name| folder.path().join(name));
        let modes =
            || files.each_ref().map(|file| std::fs::metadata(file).unwrap().permissions().mode() & 0o777);
        let url = Db::sqlite_url(&files[0]);
        // Somebody who is still there keeps the log and its index.
        let first = Db::open(&url).await.unwrap();
        first.migrate().await.unwrap();
        for file in &files {
            std::fs::set_permissions(file, Permissions::from_mode(before)).unwrap();
        }
        let second = Db::open(&url).await.unwrap();
        assert_eq!(modes(), [after; 3], "{before:o}");
        second.close().await;
        first.close().await;
    }
}

#[tokio::test]
async fn who_looks_makes_no_file_and_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let url = Db::sqlite_url(&path);
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        entries.collect::<Vec<_>>()
    };
    assert!(Db::open_to_look(&url).await.unwrap().is_none());
    assert!(names().is_empty());
    assert!(!Schema::of_nothing().pending.is_empty());
    let db = Db::open(&url).await.unwrap();
    assert_eq!(db.schema().await.unwrap(), Schema::of_nothing());
    db.migrate().await.unwrap();
    let beside = Db::open_to_look(&url).await.unwrap().unwrap();
    assert!(beside.schema().await.unwrap().is_current(), "beside a server that runs");
    beside.close().await;
    db.close().await;
    let before = std::fs::read(&path).unwrap();
    let alone = Db::open_to_look(&url).await.unwrap().unwrap();
    assert!(alone.schema().await.unwrap().is_current());
    let mut tx = alone.write().await.unwrap();
    assert!(settings::put(&mut tx, "name", "value").await.is_err(), "it cannot write");
    drop(tx);
    alone.close().await;
    assert_eq!((names(), std::fs::read(&path).unwrap() == before), (vec!["new.db".into()], true));
}

#[tokio::test]
async fn an_sqlite_file_belongs_to_one_server_until_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    let url = Db::sqlite_url(&folder.path().join("one.db"));
    let lock = Db::lock(&url).unwrap();
    assert!(lock.is_some());
    let refused = Db::lock(&url).unwrap_err();
    assert!(matches!(refused, LockError::Held(_)) && refused.to_string().contains("one.db"), "{refused}");
    // What adds something beside a server needs no lock.
    let db = Db::open(&url).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    drop(lock);
    assert!(Db::lock(&url).unwrap().is_some());
    assert!(Db::lock("postgres://localhost/pharos").unwrap().is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_is_readable_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&Db::sqlite_url(&folder.path().join("private.db"))).await.unwrap();
    db.migrate().await.unwrap();
    for name in ["private.db", "private.db-wal", "private.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    db.close().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_of_at_once_and_once() {
    let begun = Instant::now();
    let error = Db::open("postgres://postgres:hunter2@127.0.0.1:1/x").await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(error.is_unavailable());
    let said = chain(&error);
    assert_eq!(said.to_lowercase().matches("connection refused").count(), 1, "{said}");
    assert!(said.contains("data.database_url") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_of_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.db");
    std::fs::write(&path, "Dear Ada, this is no database. ".repeat(100)).unwrap();
    let error = Db::open(&Db::sqlite_url(&path)).await.unwrap_err();
    let said = chain(&error);
    assert_eq!(said.matches("not a database").count(), 1, "{said}");
    assert!(said.contains("Name another file"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap().len(), 31 * 100, "it is left alone");
}

/// An error and its causes, as the command line prints them.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn a_postgres_that_has_no_connection_left_is_quoted() {
    let Some(world) = World::postgres().await else { return };
    // Only the server of the tests lets anybody in without a password.
    if !world.url.starts_with("postgres://postgres@") {
        return;
    }
    let role = format!("few_{}", std::process::id());
    tamper(&world, &format!("create role {role} login connection limit 1")).await;
    let url = world.url.replacen("postgres@", &format!("{role}@"), 1);
    let db = Db::open(&url).await.unwrap();
    let only = db.read().await.unwrap();
    for error in [db.read().await.unwrap_err(), db.write().await.unwrap_err()] {
        assert!(error.is_unavailable());
        let error = error.to_string();
        assert!(error.contains("too many connections") && error.contains("max_connections"), "{error}");
    }
    drop(only);
    db.close().await;
}
