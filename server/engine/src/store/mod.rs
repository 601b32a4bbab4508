//! The only place with SQL. One text serves both databases: `$1` placeholders, and `sql!` expands the same body for a
//! transaction of each. What may and may not be written is in design.md's table, kept true by the tests of this crate, which
//! run on both.
//!
//! **Invariant**: no other module of any crate names `sqlx`.

pub mod accounts;
pub mod alerts;
pub mod answers;
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
pub mod hastening;
pub mod health;
pub mod incidents;
mod integration_list;
pub mod integrations;
pub mod leases;
pub mod level_values;
pub mod listening;
pub mod monitors;
pub mod mutes;
mod opening;
pub mod outages;
pub mod pages;
pub mod projects;
pub mod pushes;
mod readable;
pub mod results;
pub mod rollups;
mod schema;
pub mod sessions;
pub mod settings;
pub mod settling;
mod standing;
pub mod subscriptions;
pub mod tokens;
pub mod views;

use std::path::PathBuf;
use std::sync::Arc;

use domain::time::Timestamp;
use sqlx::postgres::{PgListener, PgPool};
use sqlx::sqlite::SqlitePool;
use sqlx::{Postgres, Sqlite, Transaction};
use tokio::sync::Notify;

pub use error::{Result, StoreError};
pub use opening::{Lock, LockError};
pub use schema::Schema;

use crate::seal::Sealer;

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

    /// Which database this is.
    pub fn kind(&self) -> Kind {
        match self.pools {
            Pools::Sqlite { .. } => Kind::Sqlite,
            Pools::Postgres(_) => Kind::Postgres,
        }
    }

    /// Begins a transaction that reads one consistent state and writes nothing.
    pub async fn read(&self) -> Result<Tx> {
        let conn = match &self.pools {
            Pools::Sqlite { read, .. } => Conn::Sqlite(read.begin().await?),
            Pools::Postgres(pool) => {
                let begun = pool.begin_with("begin isolation level repeatable read, read only").await;
                Conn::Postgres(opening::explained(pool, begun).await?)
            }
        };
        Ok(self.tx(conn))
    }

    /// Begins a transaction that writes. On SQLite it waits until it is the only one.
    pub async fn write(&self) -> Result<Tx> {
        let conn = match &self.pools {
            // A deferred transaction that turns from reading to writing fails at once when another one wrote meanwhile.
            Pools::Sqlite { write, .. } => Conn::Sqlite(write.begin_with("begin immediate").await?),
            Pools::Postgres(pool) => Conn::Postgres(opening::explained(pool, pool.begin().await).await?),
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

impl Tx {
    /// What time it is for all who share the database: by its own clock on PostgreSQL, because those of nodes differ. An SQLite file has
    /// one node, whose time is `own`.
    pub async fn time(&mut self, own: Timestamp) -> Result<Timestamp> {
        match &mut self.conn {
            Conn::Sqlite(_) => Ok(own),
            Conn::Postgres(tx) => {
                let time = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";
                Ok(Timestamp(sqlx::query_scalar(time).fetch_one(&mut **tx).await?))
            }
        }
    }

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
