//! What can go wrong with the database. "Not found" is an `Option`, never an error.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The result of a store function.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The database failed, or holds something that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("a migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A secret could not be sealed, or opened.
    #[error("a secret could not be sealed or opened: {0}")]
    Seal(#[from] crate::seal::SealError),
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

impl StoreError {
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
pub(super) fn missing_table_is_empty(applied: sqlx::Result<Vec<i64>>) -> Result<Vec<i64>> {
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
}
