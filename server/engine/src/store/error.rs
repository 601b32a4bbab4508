//! What can go wrong with the database. "Not found" is an `Option`, never an error.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The result of a store function.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The database failed, or holds something that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused.
    // The cause stands in the sentence, so it is no source, too: whoever prints the whole chain would read it twice.
    #[error("{}", database(.0))]
    Database(sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("{}", migration(.0))]
    Migration(sqlx::migrate::MigrateError),
    /// A secret could not be sealed, or opened.
    #[error("a secret could not be sealed or opened: {0}")]
    Seal(crate::seal::SealError),
    /// A row that this program cannot have written.
    #[error("the table {table} holds a {column} that makes no sense, in row {id}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row.
        id: i64,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(error)
    }
}

impl From<crate::seal::SealError> for StoreError {
    fn from(error: crate::seal::SealError) -> Self {
        Self::Seal(error)
    }
}

impl StoreError {
    /// Whether the database cannot be reached, or takes nobody just now: the same may work in a moment.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| takes_nobody(&code))
            }
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
            Self::Migration(_) | Self::Seal(_) | Self::Corrupt { .. } => false,
        }
    }

    /// Whether a rule of uniqueness was broken, and so somebody else was first.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether a row that was referred to is not there (any more).
    pub fn is_missing_parent(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_foreign_key_violation())
    }

    /// Whether the same would fail however often it is tried, because of what was to be written or is stored: a row that makes no
    /// sense, a value that the database does not take, a rule that it breaks.
    pub fn is_about_the_data(&self) -> bool {
        match self {
            Self::Corrupt { .. } => true,
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| refuses_data(&code))
            }
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }
            ),
            Self::Migration(_) | Self::Seal(_) => false,
        }
    }
}

/// PostgreSQL says it with the class of a five-character SQLSTATE: 22, a data exception, or 23, a broken constraint. SQLite says it
/// with the low byte of a number: TOOBIG, CONSTRAINT or MISMATCH.
fn refuses_data(code: &str) -> bool {
    if code.len() == 5 {
        return code.starts_with("22") || code.starts_with("23");
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xFF, 18..=20))
}

/// PostgreSQL: a broken connection (class 08), too many of them (53300), or a server that stops or starts (57P01 to 57P03). SQLite: BUSY.
fn takes_nobody(code: &str) -> bool {
    if code.len() == 5 {
        return code.starts_with("08") || matches!(code, "53300" | "57P01" | "57P02" | "57P03");
    }
    code.parse::<u32>().is_ok_and(|code| code & 0xFF == 5)
}

fn database(error: &sqlx::Error) -> String {
    format!("the database failed: {error}{}", advice(error))
}

/// What to do about an error of the database, to follow its text; empty when that says all there is to say.
fn advice(error: &sqlx::Error) -> &'static str {
    let code = match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            return ". Check that it runs and can be reached from here (data.database_url)";
        }
        sqlx::Error::Database(error) => error.code().unwrap_or_default(),
        _ => return "",
    };
    if code.len() == 5 {
        return match &*code {
            "28000" | "28P01" => ". Check user and password in data.database_url",
            "53300" => ". Raise its max_connections: each server needs up to 12 (README, data.database_url)",
            "3D000" => ". Make it, or name another one in data.database_url",
            _ => "",
        };
    }
    // SQLite's primary codes stand in the low byte: READONLY, FULL, CANTOPEN, NOTADB.
    match code.parse::<u32>().map(|code| code & 0xFF) {
        Ok(8) => ". Let this user write the file and its folder",
        Ok(13) => ". Make room on the disk",
        Ok(14) => ". Check that the folder exists and that this user may write it",
        Ok(26) => ". Name another file, or put a backup in its place",
        _ => "",
    }
}

fn migration(error: &sqlx::migrate::MigrateError) -> String {
    use sqlx::migrate::MigrateError;

    match error {
        MigrateError::VersionMissing(version) => super::schema::newer(*version),
        MigrateError::VersionMismatch(version) => super::schema::altered(*version),
        MigrateError::Dirty(version) => super::schema::half_done(*version),
        MigrateError::Execute(cause) => format!("a migration failed: {cause}{}", advice(cause)),
        MigrateError::ExecuteMigration(cause, version) => {
            format!("migration {version:04} failed: {cause}{}", advice(cause))
        }
        other => format!("a migration failed: {other}"),
    }
}

/// Rows that are remembered as told of.
const MOST_NOTED: usize = 1_000;

/// Tells of a row that this program cannot read, because a later one wrote it; once, however often it is met.
pub(super) fn note_unreadable(
    table: &'static str,
    column: &'static str,
    id: i64,
    why: &dyn std::fmt::Display,
) {
    static NOTED: Mutex<BTreeSet<(&str, i64)>> = Mutex::new(BTreeSet::new());
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.len() < MOST_NOTED && noted.insert((table, id)) {
        tracing::error!(table, column, id, %why, "a row cannot be read and is left out");
    }
}

/// Before the first migration there is no table of migrations, and so none was applied.
pub(super) fn missing_table_is_empty<T>(applied: sqlx::Result<Vec<T>>) -> Result<Vec<T>> {
    match applied {
        Err(sqlx::Error::Database(error)) if error.message().contains("_sqlx_migrations") => Ok(Vec::new()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_a_database_refuses_are_told_from_a_database_that_fails() {
        // Text and JSON with a NUL; unique, foreign key; SQLite: too big, unique, datatype.
        for code in ["22021", "22P05", "23505", "23503", "18", "2067", "3091"] {
            assert!(refuses_data(code), "{code}");
        }
        // A deadlock, a shutdown, a full disk; SQLite: busy, full, an I/O error that begins like a class.
        for code in ["40P01", "57P01", "53100", "5", "13", "2314"] {
            assert!(!refuses_data(code), "{code}");
        }
    }

    #[test]
    fn a_database_that_takes_nobody_is_told_from_one_that_refuses_what_was_asked() {
        for code in ["08006", "53300", "57P03", "5", "261", "517"] {
            assert!(takes_nobody(code), "{code}");
        }
        for code in ["23505", "53100", "42P01", "8", "13", "2067"] {
            assert!(!takes_nobody(code), "{code}");
        }
        let refused = sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into());
        let error = StoreError::from(refused);
        assert!(error.is_unavailable());
        assert!(std::error::Error::source(&error).is_none(), "the cause is told once");
    }
}
