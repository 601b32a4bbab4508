//! What can go wrong with the database. "Not found" is an `Option`, never an error.

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
    /// A secret could not be sealed.
    #[error("a secret could not be sealed: {0}")]
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

    /// Whether trying the same again cannot help: the rows are what the database refuses, not the moment.
    pub fn is_about_the_data(&self) -> bool {
        match self {
            Self::Corrupt { .. } | Self::Database(sqlx::Error::Encode(_)) => true,
            // SQLSTATE classes 22 (a value that cannot be) and 23 (a rule that is broken).
            Self::Database(sqlx::Error::Database(error)) => {
                error.kind() != sqlx::error::ErrorKind::Other
                    || error.code().is_some_and(|code| {
                        code.len() == 5 && (code.starts_with("22") || code.starts_with("23"))
                    })
            }
            Self::Database(_) | Self::Migration(_) | Self::Seal(_) => false,
        }
    }

    /// Whether a row that was referred to is not there (any more).
    pub fn is_missing_parent(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_foreign_key_violation())
    }
}

/// Before the first migration there is no table of migrations, and so none was applied.
pub(super) fn missing_table_is_empty(applied: sqlx::Result<Vec<i64>>) -> Result<Vec<i64>> {
    match applied {
        Err(sqlx::Error::Database(error)) if error.message().contains("_sqlx_migrations") => Ok(Vec::new()),
        other => Ok(other?),
    }
}
