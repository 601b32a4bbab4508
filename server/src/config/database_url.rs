//! The address of a database.

use domain::secret::Secret;
use url::Url;

use super::value::Value;

/// The URL of a database of a kind that Pharos knows; may hold a password.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseUrl(Secret);

impl DatabaseUrl {
    /// As it was written.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Value for DatabaseUrl {
    /// A name without a scheme would become a file in whatever folder the program was started in, so nothing is guessed. What was
    /// written is not repeated: it may hold a password.
    fn read(text: &str) -> Result<Self, String> {
        let examples =
            "write for example sqlite:///var/lib/pharos/pharos.db or postgres://user:password@host/name";
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file).split('?').next().unwrap_or_default();
            if file.is_empty() {
                return Err(format!("it names no file; {examples}"));
            }
            if file.contains(":memory:") || text.contains("mode=memory") {
                return Err(format!("a database in memory is not supported; {examples}"));
            }
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Url::parse(text).map_err(|why| format!("this is not a URL ({why}); {examples}"))?;
        } else {
            return Err(format!("it begins with neither sqlite: nor postgres://; {examples}"));
        }
        Ok(Self(Secret::new(text)))
    }
}
