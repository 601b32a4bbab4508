//! Where a database is, for people: without the password that its URL may hold.

use engine::store::Db;
use url::Url;

/// The file, or the server and the name.
pub(crate) fn of(database_url: &str) -> String {
    if let Some(file) = Db::file_of(database_url) {
        return file.display().to_string();
    }
    let shown = Url::parse(database_url).ok().and_then(|url| {
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{}://{}{port}{}", url.scheme(), url.host_str()?, url.path()))
    });
    shown.unwrap_or_else(|| "the one of data.database_url".to_owned())
}

/// As [`of`], and a file with the folder that it would be in.
pub(crate) fn of_here(database_url: &str) -> String {
    let file = Db::file_of(database_url).and_then(|file| std::path::absolute(file).ok());
    file.map_or_else(|| of(database_url), |file| file.display().to_string())
}

/// Whether it is there already, as far as that can be seen from outside.
pub(crate) fn exists(database_url: &str) -> bool {
    Db::file_of(database_url).is_none_or(|file| file.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_without_its_password() {
        assert_eq!(of("sqlite:///no/such/pharos.db?mode=rwc"), "/no/such/pharos.db");
        assert!(!exists("sqlite:///no/such/pharos.db"));
        assert_eq!(of("postgres://ada:hunter2@db/pharos"), "postgres://db/pharos");
        assert_eq!(of("postgres://ada:hunter2@db:5433/pharos?password=x"), "postgres://db:5433/pharos");
        assert_eq!(of("postgres:///x"), "the one of data.database_url");
    }
}
