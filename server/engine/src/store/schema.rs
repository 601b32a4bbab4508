//! The schema of the database: what it lacks, and whether it is one of ours.

use std::collections::BTreeMap;

use sqlx::migrate::Migrator;

use super::{Db, Pools, Result, error};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// The migrations that were run: version, and checksum of the text.
const APPLIED: &str = "select version, checksum from _sqlx_migrations where success";
/// The migrations that were begun and did not end.
const UNFINISHED: &str = "select version from _sqlx_migrations where not success order by version";

/// How the schema of a database stands to the one of this program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The descriptions of migrations that were not run yet, oldest first.
    pub pending: Vec<String>,
    /// Versions that were run and that this program does not know, in order.
    pub unknown: Vec<i64>,
    /// Versions that were run with another text than the one that this program has, in order.
    pub changed: Vec<i64>,
    /// Versions that were begun and did not end, in order.
    pub unfinished: Vec<i64>,
}

impl Schema {
    /// The schema of an SQLite file that does not exist yet.
    pub fn of_nothing() -> Self {
        compare(&SQLITE_MIGRATIONS, &BTreeMap::new())
    }

    /// Whether this program can work with it as it is.
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.problem().is_none()
    }

    /// Whether nothing was migrated yet.
    pub fn is_of_nothing(&self) -> bool {
        self.unknown.is_empty()
            && self.changed.is_empty()
            && self.unfinished.is_empty()
            && self.pending.len() == SQLITE_MIGRATIONS.iter().count()
    }

    /// Why this program cannot work with the database, whatever it migrates, and what to do.
    pub fn problem(&self) -> Option<String> {
        if let Some(version) = self.unknown.last() {
            return Some(newer(*version));
        }
        if let Some(version) = self.unfinished.first() {
            return Some(half_done(*version));
        }
        self.changed.first().map(|version| altered(*version))
    }
}

/// What to do with a database that a later program migrated.
pub(super) fn newer(version: i64) -> String {
    format!("this database was made by a newer Pharos (it has migration {version:04}): start that one")
}

/// What to do with a database whose migration is not the one of this program.
pub(super) fn altered(version: i64) -> String {
    format!(
        "migration {version:04} of this database is not the one of this Pharos: start the one that made it, or use another database"
    )
}

/// What to do with a database in which a migration broke off.
pub(super) fn half_done(version: i64) -> String {
    format!(
        "migration {version:04} of this database was begun and did not end: put back a backup from before it. Without one, undo by hand \
         what it did, delete the row of version {version} from the table _sqlx_migrations, and migrate again"
    )
}

impl Db {
    /// Brings the schema up to date.
    ///
    /// # Errors
    /// When a migration fails, or the database was made by another program than an older one of ours.
    pub async fn migrate(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { write, .. } => SQLITE_MIGRATIONS.run(write).await?,
            Pools::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// How the schema stands to the one of this program.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn schema(&self) -> Result<Schema> {
        let (migrator, applied, unfinished) = match &self.pools {
            Pools::Sqlite { read, .. } => (
                &SQLITE_MIGRATIONS,
                sqlx::query_as::<_, (i64, Vec<u8>)>(APPLIED).fetch_all(read).await,
                sqlx::query_scalar::<_, i64>(UNFINISHED).fetch_all(read).await,
            ),
            Pools::Postgres(pool) => (
                &POSTGRES_MIGRATIONS,
                sqlx::query_as::<_, (i64, Vec<u8>)>(APPLIED).fetch_all(pool).await,
                sqlx::query_scalar::<_, i64>(UNFINISHED).fetch_all(pool).await,
            ),
        };
        let applied = error::missing_table_is_empty(applied)?.into_iter().collect();
        let unfinished = error::missing_table_is_empty(unfinished)?;
        Ok(Schema { unfinished, ..compare(migrator, &applied) })
    }
}

fn compare(migrator: &Migrator, applied: &BTreeMap<i64, Vec<u8>>) -> Schema {
    let mut schema = Schema::default();
    for migration in migrator.iter() {
        match applied.get(&migration.version) {
            None => schema.pending.push(format!("{:04} {}", migration.version, migration.description)),
            Some(checksum) if **checksum != *migration.checksum => schema.changed.push(migration.version),
            Some(_) => {}
        }
    }
    schema.unknown = applied.keys().copied().filter(|version| !migrator.version_exists(*version)).collect();
    schema
}
