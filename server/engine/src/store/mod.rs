//! The only place with SQL. One text serves both databases: `$1` placeholders, and `sql!` expands the same body for a
//! transaction of each. What may and may not be written is in design.md's table, kept true by the tests of this crate, which
//! run on both.
//!
//! **Invariant**: no other module of any crate names `sqlx`.

pub mod accounts;
pub mod alerts;
mod batch;
pub mod claiming;
pub mod components;
pub mod confirmations;
pub mod definitions;
pub mod deliveries;
pub mod error;
pub mod events;
pub mod evidence;
pub mod facts;
pub mod groups;
pub mod health;
pub mod incidents;
pub mod integrations;
pub mod leases;
pub mod level_values;
pub mod monitors;
pub mod mutes;
pub mod outages;
pub mod pages;
pub mod projects;
pub mod pushes;
mod readable;
pub mod results;
pub mod rollups;
pub mod sessions;
pub mod settings;
pub mod settling;
pub mod subscriptions;
pub mod tokens;
pub mod views;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Postgres, Sqlite, Transaction};
use tokio::sync::Notify;

pub use error::{Result, StoreError};

use crate::chance::Chance;
use crate::seal::Sealer;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// How long a writer waits for another one before SQLite calls the database busy. One writer at a time is the rule here, so
/// only a second program on the same file can make us wait.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that SQLite's thread may read ahead. At the library's 50 each list waits for the runtime many times, and the recorder for
/// seconds when the runtime is busy.
const ROW_BUFFER: usize = 4_096;
/// Connections that read at the same time from an SQLite file.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 12;
/// The channel on which PostgreSQL tells the other nodes that there are events.
const CHANNEL: &str = "pharos_events";

/// Which database is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An embedded file.
    Sqlite,
    /// A server, which several nodes may share.
    Postgres,
}

#[derive(Clone, Debug)]
enum Pools {
    /// One connection writes; the others only read.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Pools,
    bell: Arc<Notify>,
    sealer: Arc<Sealer>,
}

/// A transaction. Dropped without [`Tx::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Tx {
    pub(in crate::store) conn: Conn,
    bell: Arc<Notify>,
    pub(in crate::store) sealer: Arc<Sealer>,
    rings: bool,
}

/// The native transaction of either database; `sql!` reaches into it.
#[derive(Debug)]
pub(in crate::store) enum Conn {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one body against the transaction's own connection type: `sql!(tx, |conn| query.fetch_one(conn).await?)`. Both expansions must
/// have one type, so a statement ends in `.rows_affected()`.
macro_rules! sql {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut $tx.conn {
            $crate::store::Conn::Sqlite(inner) => {
                let $conn = &mut **inner;
                $body
            }
            $crate::store::Conn::Postgres(inner) => {
                let $conn = &mut **inner;
                $body
            }
        }
    };
}
pub(in crate::store) use sql;

impl Db {
    /// Opens the database of a URL (`sqlite:///path/to/file.db`, `sqlite::memory:` is not supported, `postgres://…`) without
    /// changing its schema. A missing SQLite file is made.
    pub async fn open(url: &str) -> Result<Self> {
        let bell = Arc::new(Notify::new());
        let sealer = Arc::new(Sealer::forgetful(Chance::System));
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?.application_name("pharos");
            let pool =
                PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).connect_with(options).await?;
            return Ok(Self { pools: Pools::Postgres(pool), bell, sealer });
        }
        let options = SqliteConnectOptions::from_str(url)?
            .busy_timeout(BUSY_TIMEOUT)
            .row_buffer_size(ROW_BUFFER)
            .pragma("temp_store", "memory")
            .pragma("cache_size", "-16000");
        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL would lose the last commits at power loss; group commit pays for FULL.
            .synchronous(SqliteSynchronous::Full)
            // Retention gives pages back in small slices instead of one long VACUUM.
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            // Pages that change again and again are copied from the log to the file once; the log grows to 16 MB.
            .pragma("wal_autocheckpoint", "4000")
            .optimize_on_close(true, None);
        let write = SqlitePoolOptions::new().max_connections(1).connect_with(writing).await?;
        let reading = options.read_only(true);
        let read = SqlitePoolOptions::new().max_connections(SQLITE_READERS).connect_with(reading).await?;
        Ok(Self { pools: Pools::Sqlite { read, write }, bell, sealer })
    }

    /// The same database with the keys that seal secrets. Without, they are sealed with a key that ends with the program.
    #[must_use]
    pub fn sealing_with(mut self, sealer: Sealer) -> Self {
        self.sealer = Arc::new(sealer);
        self
    }

    /// What seals secrets.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The URL of an SQLite file.
    pub fn sqlite_url(path: &std::path::Path) -> String {
        format!("sqlite://{}", path.display())
    }

    /// Which database this is.
    pub fn kind(&self) -> Kind {
        match self.pools {
            Pools::Sqlite { .. } => Kind::Sqlite,
            Pools::Postgres(_) => Kind::Postgres,
        }
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { write, .. } => SQLITE_MIGRATIONS.run(write).await?,
            Pools::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// The descriptions of migrations that were not run yet, oldest first.
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        let (migrator, applied) = match &self.pools {
            Pools::Sqlite { read, .. } => {
                (&SQLITE_MIGRATIONS, error::missing_table_is_empty(applied_sqlite(read).await)?)
            }
            Pools::Postgres(pool) => {
                (&POSTGRES_MIGRATIONS, error::missing_table_is_empty(applied_postgres(pool).await)?)
            }
        };
        let pending = migrator.iter().filter(|migration| !applied.contains(&migration.version));
        Ok(pending.map(|migration| format!("{:04} {}", migration.version, migration.description)).collect())
    }

    /// Begins a transaction that reads one consistent state and writes nothing.
    pub async fn read(&self) -> Result<Tx> {
        let conn = match &self.pools {
            Pools::Sqlite { read, .. } => Conn::Sqlite(read.begin().await?),
            Pools::Postgres(pool) => {
                Conn::Postgres(pool.begin_with("begin isolation level repeatable read, read only").await?)
            }
        };
        Ok(self.tx(conn))
    }

    /// Begins a transaction that writes. On SQLite it waits until it is the only one.
    pub async fn write(&self) -> Result<Tx> {
        let conn = match &self.pools {
            // A deferred transaction that turns from reading to writing fails at once when another one wrote meanwhile.
            Pools::Sqlite { write, .. } => Conn::Sqlite(write.begin_with("begin immediate").await?),
            Pools::Postgres(pool) => Conn::Postgres(pool.begin().await?),
        };
        Ok(self.tx(conn))
    }

    fn tx(&self, conn: Conn) -> Tx {
        Tx { conn, bell: self.bell.clone(), sealer: self.sealer.clone(), rings: false }
    }

    /// Waits until somebody committed events on this node; a ring while nobody waited is kept.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Rings the bell of this node whenever another node committed events; returns only when the connection fails. On SQLite
    /// there is no other node, so it never returns.
    pub async fn listen(&self) -> Result<()> {
        let Pools::Postgres(pool) = &self.pools else {
            return std::future::pending().await;
        };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            listener.recv().await?;
            self.bell.notify_one();
        }
    }

    /// Bytes that the database takes on disk.
    pub async fn size(&self) -> Result<i64> {
        Ok(match &self.pools {
            Pools::Sqlite { read, .. } => {
                sqlx::query_scalar(
                    "select page_count * page_size from pragma_page_count(), pragma_page_size()",
                )
                .fetch_one(read)
                .await?
            }
            Pools::Postgres(pool) => {
                sqlx::query_scalar("select pg_database_size(current_database())").fetch_one(pool).await?
            }
        })
    }

    /// Gives at most `pages` free pages of an SQLite file back to the disk; PostgreSQL's autovacuum needs no help.
    pub async fn give_back(&self, pages: u32) -> Result<()> {
        if let Pools::Sqlite { write, .. } = &self.pools {
            let statement = sqlx::AssertSqlSafe(format!("pragma incremental_vacuum({pages})"));
            sqlx::query(statement).fetch_all(write).await?;
        }
        Ok(())
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

async fn applied_sqlite(pool: &SqlitePool) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("select version from _sqlx_migrations where success").fetch_all(pool).await
}

async fn applied_postgres(pool: &PgPool) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("select version from _sqlx_migrations where success").fetch_all(pool).await
}

impl Tx {
    /// Makes everything that was done in the transaction durable, and rings the bell when events were appended.
    pub async fn commit(self) -> Result<()> {
        match self.conn {
            Conn::Sqlite(tx) => tx.commit().await?,
            Conn::Postgres(tx) => tx.commit().await?,
        }
        if self.rings {
            self.bell.notify_one();
        }
        Ok(())
    }

    /// Marks that there will be something to hear once this is committed.
    async fn ring_on_commit(&mut self) -> Result<()> {
        if !self.rings {
            self.rings = true;
            if let Conn::Postgres(tx) = &mut self.conn {
                sqlx::query("select pg_notify($1, '')").bind(CHANNEL).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

/// Where a fresh installation keeps its database, below its data directory.
pub fn default_file(data_dir: &std::path::Path) -> PathBuf {
    data_dir.join("pharos.db")
}

/// Whether a text from outside can be no stored one: PostgreSQL keeps no NUL in a text, and refuses to compare with one.
fn holds_nul(text: &str) -> bool {
    text.contains('\0')
}
