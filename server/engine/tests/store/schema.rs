//! The two schemas are one.

use std::collections::BTreeMap;

use engine::store::{Db, Kind};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::on_both;
use crate::world::World;

/// A column: its name, what it holds, and whether it may be empty.
type Column = (String, &'static str, bool);

#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    tables: BTreeMap<String, Vec<Column>>,
    indexes: Vec<(String, String)>,
}

fn holds(kind: &str) -> &'static str {
    match kind.to_lowercase().as_str() {
        "integer" | "bigint" | "boolean" => "number",
        "text" | "jsonb" => "text",
        "blob" | "bytea" => "bytes",
        other => panic!("the schemas know no {other}"),
    }
}

async fn of_sqlite(world: &World) -> Schema {
    let mut db = SqliteConnection::connect(&world.url).await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("select name from sqlite_schema where type = 'table' and name not like '%sqlx%' and name not like 'sqlite%'")
            .fetch_all(&mut db)
            .await
            .unwrap();
    let mut schema = Schema::default();
    for table in tables {
        let statement =
            format!("select name, type, \"notnull\" from pragma_table_info('{table}') order by cid");
        let columns: Vec<(String, String, bool)> =
            sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut db).await.unwrap();
        let columns =
            columns.iter().map(|(name, kind, required)| (name.clone(), holds(kind), !required)).collect();
        schema.tables.insert(table, columns);
    }
    schema.indexes = sqlx::query_as(
        "select tbl_name, name from sqlite_schema where type = 'index' and name not like 'sqlite%'",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    schema.indexes.sort();
    schema
}

async fn of_postgres(world: &World) -> Schema {
    let mut db = PgConnection::connect(&world.url).await.unwrap();
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(
        "select table_name::text, column_name::text, data_type::text, is_nullable = 'YES' from information_schema.columns \
         where table_schema = 'public' and table_name not like '%sqlx%' order by table_name, ordinal_position",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let mut schema = Schema::default();
    for (table, name, kind, optional) in columns {
        schema.tables.entry(table).or_default().push((name, holds(&kind), optional));
    }
    schema.indexes = sqlx::query_as(
        "select tablename::text, indexname::text from pg_indexes where schemaname = 'public' \
         and indexname not like '%\\_pkey' and indexname not like '%\\_key'",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    schema.indexes.sort();
    schema
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let Some(postgres) = World::postgres().await else { return };
    let sqlite = World::sqlite().await;
    let (sqlite, postgres) = (of_sqlite(&sqlite).await, of_postgres(&postgres).await);
    for (table, columns) in &sqlite.tables {
        assert_eq!(Some(columns), postgres.tables.get(table), "{table}");
    }
    assert_eq!(sqlite, postgres);
    assert!(sqlite.tables.len() > 15, "{:?}", sqlite.tables.keys());
}

on_both! {
    async fn migrating_twice_changes_nothing(world: World) {
        assert!(world.db.schema().await.unwrap().is_current());
        world.db.migrate().await.unwrap();
        assert!(world.db.schema().await.unwrap().is_current());
        assert!(world.db.size().await.unwrap() > 0);
        world.db.give_back(10).await.unwrap();
        let expected = if world.url.starts_with("sqlite") { Kind::Sqlite } else { Kind::Postgres };
        assert_eq!(world.db.kind(), expected);
    }

    async fn a_transaction_that_is_dropped_leaves_no_trace(world: World) {
        let mut tx = world.db.write().await.unwrap();
        engine::store::settings::put(&mut tx, "name", "value").await.unwrap();
        drop(tx);
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(engine::store::settings::get(&mut tx, "name").await.unwrap(), None);
        drop(tx);
        world.db.close().await;
    }
}

#[tokio::test]
async fn a_database_that_was_never_migrated_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&Db::sqlite_url(&folder.path().join("new.db"))).await.unwrap();
    assert!(!db.schema().await.unwrap().pending.is_empty());
    let Some(url) = crate::postgres::new_database().await else { return };
    assert!(!Db::open(&url).await.unwrap().schema().await.unwrap().pending.is_empty());
}

/// The files of a folder below `migrations/`, in order.
fn files(folder: &str) -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Every step in turn, each followed by the rows that it may find later.
fn steps(folder: &str) -> String {
    let samples = files("samples");
    let steps = files(folder);
    assert!(samples.iter().all(|(name, _)| steps.iter().any(|(step, _)| step == name)));
    assert!(steps.len() - samples.len() <= 1, "only the latest step may be without sample rows");
    let sample =
        |name: &str| samples.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.as_str());
    let steps: Vec<_> = steps.iter().map(|(name, text)| format!("{text};\n{};\n", sample(name))).collect();
    steps.concat()
}

#[tokio::test]
async fn each_migration_survives_the_rows_of_those_before_it_on_sqlite() {
    let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql("pragma foreign_keys = on").execute(&mut db).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(steps("sqlite"))).execute(&mut db).await.unwrap();
    let planner: i64 = sqlx::query_scalar("select value from counters where name = 'planner'")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(planner, 3, "what happened before is no news");
    let broken: Vec<(String,)> =
        sqlx::query_as("select \"table\" from pragma_foreign_key_check").fetch_all(&mut db).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}

#[tokio::test]
async fn each_migration_survives_the_rows_of_those_before_it_on_postgres() {
    let Some(url) = crate::postgres::new_database().await else { return };
    let mut db = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(steps("postgres"))).execute(&mut db).await.unwrap();
    let (incidents, planner): (i64, i64) = sqlx::query_as(
        "select (select count(*) from incidents), (select value from counters where name = 'planner')",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!((incidents, planner), (2, 3));
}
