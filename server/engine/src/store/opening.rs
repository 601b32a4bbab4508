//! How a database is opened, and who may have it to itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Notify;

use super::{Db, Pools, Result};
use crate::chance::Chance;
use crate::owner;
use crate::seal::Sealer;

/// How long a writer waits for another one before SQLite calls the database busy. One writer at a time is the rule here, so
/// only a second program on the same file can make us wait.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that SQLite's thread may read ahead. At the library's 50 each list waits for the runtime many times, and the recorder for
/// seconds when the runtime is busy.
const ROW_BUFFER: usize = 4_096;
/// Connections that read at the same time from an SQLite file.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL; the help of `data.database_url` tells of them.
const POSTGRES_CONNECTIONS: u32 = 12;
/// How long somebody waits for a connection to PostgreSQL. Who asks wants to know soon that it is away; at the library's 30 s every
/// answer would be given up first.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long PostgreSQL is asked why there is no connection.
const ASK_WHY: Duration = Duration::from_millis(500);

/// An SQLite file that nobody else has, until this is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why an SQLite file cannot be had alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has it.
    #[error(
        "another Pharos works with {}: stop it first. An SQLite file belongs to one server; several share a PostgreSQL", .0.display()
    )]
    Held(PathBuf),
    /// The file that stands for the lock cannot be had.
    #[error("the file {} cannot be locked: {why}", .path.display())]
    Failed {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
}

impl Db {
    /// Opens the database of a URL (`sqlite:///path/to/file.db`, `sqlite::memory:` is not supported, `postgres://…`) without
    /// changing its schema. A missing SQLite file is made, for its owner alone.
    ///
    /// # Errors
    /// When it cannot be reached or read; at once when PostgreSQL refuses, and after a few seconds when nothing answers.
    pub async fn open(url: &str) -> Result<Self> {
        if is_postgres(url) {
            return Self::open_postgres(url).await;
        }
        let options = sqlite(url)?;
        make_private(options.get_filename());
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
        let write = sqlite_pool(1).connect_with(writing).await?;
        let reading = options.read_only(true);
        let read = sqlite_pool(SQLITE_READERS).connect_with(reading).await?;
        Ok(Self::over(Pools::Sqlite { read, write }))
    }

    /// Opens the database of a URL for somebody who only looks: no file is made or changed. `None` when there is no such SQLite
    /// file.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open_to_look(url: &str) -> Result<Option<Self>> {
        if is_postgres(url) {
            return Self::open_postgres(url).await.map(Some);
        }
        let options = sqlite(url)?;
        let file = options.get_filename().to_owned();
        if !file.exists() {
            return Ok(None);
        }
        // A reader of a file in WAL mode makes the log beside it, unless it is told that nobody writes; and without a log
        // nobody does.
        let nobody_writes = !beside(&file, "-wal").exists();
        let reading = options.read_only(true).immutable(nobody_writes);
        let read = sqlite_pool(1).connect_with(reading).await?;
        Ok(Some(Self::over(Pools::Sqlite { read: read.clone(), write: read })))
    }

    /// Takes the SQLite file of a URL for the only server that may work with it; `None` for PostgreSQL, which several share. What
    /// merely adds something beside a running server takes no lock.
    ///
    /// The lock is on a file of its own: SQLite's own locks on the database would end when another descriptor of it is closed.
    ///
    /// # Errors
    /// When another process has it, or its folder cannot be written.
    pub fn lock(url: &str) -> std::result::Result<Option<Lock>, LockError> {
        let Some(database) = Self::file_of(url) else { return Ok(None) };
        let path = beside(&database, ".lock");
        let failed = |why| LockError::Failed { path: path.clone(), why };
        let file = private().create(true).truncate(false).open(&path).map_err(failed)?;
        owner::give_to_folder(&file, &path);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(database)),
            // A file system without locks is no reason to stay away.
            Err(TryLockError::Error(why)) => {
                tracing::warn!(%why, "the database cannot be locked: take care that only one server works with it");
            }
        }
        Ok(Some(Lock { _file: file }))
    }

    /// The URL of an SQLite file.
    pub fn sqlite_url(path: &Path) -> String {
        format!("sqlite://{}", path.display())
    }

    /// The SQLite file of a URL; `None` when it is none of SQLite's.
    pub fn file_of(url: &str) -> Option<PathBuf> {
        if is_postgres(url) {
            None
        } else {
            sqlite(url).ok().map(|options| options.get_filename().to_owned())
        }
    }

    async fn open_postgres(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?.application_name("pharos");
        // A pool takes a refusal for a server that starts, and in the end says only that it waited.
        let first = tokio::time::timeout(CONNECT_WITHIN, options.connect()).await;
        let first: PgConnection = first.map_err(|_| sqlx::Error::PoolTimedOut)??;
        first.close().await?;
        let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(CONNECT_WITHIN);
        Ok(Self::over(Pools::Postgres(pool.connect_with(options).await?)))
    }

    fn over(pools: Pools) -> Self {
        let sealer = Arc::new(Sealer::forgetful(Chance::System));
        Self { pools, bell: Arc::new(Notify::new()), sealer }
    }
}

/// A result with the words of PostgreSQL when nobody got a connection in time: the pool says only that it waited.
pub(super) async fn explained<T>(pool: &PgPool, result: sqlx::Result<T>) -> sqlx::Result<T> {
    if !matches!(result, Err(sqlx::Error::PoolTimedOut)) {
        return result;
    }
    match tokio::time::timeout(ASK_WHY, pool.connect_options().connect()).await {
        Ok(Err(why)) => Err(why),
        Ok(Ok(connection)) => {
            // It takes us now: ours were all in use, or it has just come back.
            let _ = connection.close().await;
            result
        }
        Err(_) => result,
    }
}

/// Connections to an SQLite file. One whose transaction SQLite itself took back, as it does on a full disk, counts as being within it
/// for ever, because taking it back once more fails: a fresh one takes its place.
fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn sqlite(url: &str) -> Result<SqliteConnectOptions> {
    Ok(SqliteConnectOptions::from_str(url)?
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROW_BUFFER)
        .pragma("temp_store", "memory")
        .pragma("cache_size", "-16000"))
}

/// Makes the file before SQLite does, for its owner alone: it holds hashes of passwords, and its log and index get the same rights. One
/// that is there already and that everybody may open is closed to everybody else; rights of a group are somebody's choice, and stay. What
/// fails here, SQLite says better.
fn make_private(path: &Path) {
    if let Ok(file) = private().create_new(true).open(path) {
        owner::give_to_folder(&file, path);
        return;
    }
    #[cfg(unix)]
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        close_to_others(&file);
    }
}

/// Closes a file that everybody may open to everybody but its owner.
#[cfg(unix)]
fn close_to_others(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(known) = std::fs::metadata(file) else { return };
    let mode = known.permissions().mode() & 0o7777;
    let others = mode & 0o007;
    if others == 0 {
        return;
    }
    let closed = mode & !0o077;
    let (file_name, mode) = (file.display(), format!("{mode:04o}"));
    match std::fs::set_permissions(file, std::fs::Permissions::from_mode(closed)) {
        Ok(()) => {
            tracing::warn!(file = %file_name, mode, "everybody could open the database; now only its owner can");
        }
        Err(error) => {
            tracing::warn!(file = %file_name, mode, %error, "everybody can open the database: take these rights away");
        }
    }
}

/// Writes files that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file whose name goes on where the name of another one ends.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite takes a transaction back by itself when the disk is full.
    #[tokio::test]
    async fn a_full_disk_is_over_when_there_is_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Db::sqlite_url(&folder.path().join("pharos.db"))).await.unwrap();
        let Pools::Sqlite { write, .. } = &db.pools else { panic!("no SQLite") };
        for statement in ["create table things (id integer primary key, text)", "pragma max_page_count = 10"]
        {
            sqlx::query(statement).execute(write).await.unwrap();
        }
        let mut tx = db.write().await.unwrap();
        let fill = "insert into things (text) values (zeroblob(100000))";
        super::super::sql!(tx, |conn| {
            let error = sqlx::query(fill).execute(conn).await.unwrap_err();
            assert!(error.to_string().contains("full"), "{error}");
        });
        drop(tx);

        let mut tx = db.write().await.unwrap();
        super::super::sql!(tx, |conn| sqlx::query(fill).execute(conn).await.unwrap().rows_affected());
        tx.commit().await.unwrap();
        db.close().await;
    }
}
