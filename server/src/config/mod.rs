//! The configuration: defaults < file < environment < flags. Nothing else in Pharos reads a file or the environment for it.
//!
//! Whatever is wrong stops the start, all of it at once, each with its place and what would be right: a typo that is passed
//! over in silence is found in the middle of the night.

mod api_url;
mod database_url;
mod engine;
pub(crate) mod environment;
mod error;
mod file;
pub(crate) mod keys;
mod loading;
mod nearest;
mod rules;
mod sections;
mod table;
mod telling;
mod value;

use std::path::{Path, PathBuf};

use ::engine::store::{self, Db};

pub use api_url::ApiUrl;
pub use database_url::DatabaseUrl;
pub use error::{ConfigErrors, Mistake, Origin};
use loading::Loading;
pub use sections::{Admin, Checks, Data, Log, Metrics, Retention, Secrets, Server, Telex};
pub use telling::{Api, Mail, Slack, Sms};
pub use value::{Anchors, BaseUrl, Environment, LogFormat, LogLevel, MailSecurity, Networks, Origins};

/// Where the file is looked for when no flag and no variable names it.
pub const FILES: [&str; 2] = ["./pharos.toml", "/etc/pharos/pharos.toml"];
/// The variable that names the file.
pub const FILE_VARIABLE: &str = "PHAROS_CONFIG";

/// The configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Where Pharos is reached.
    pub server: Server,
    /// Where it keeps what it knows.
    pub data: Data,
    /// The keys that seal secrets.
    pub secrets: Secrets,
    /// What it writes to its log.
    pub log: Log,
    /// What checks may do.
    pub checks: Checks,
    /// How long results are kept.
    pub retention: Retention,
    /// Who may read the metrics.
    pub metrics: Metrics,
    /// The integration of Telex.
    pub telex: Telex,
    /// The REST API.
    pub api: Api,
    /// The mail server.
    pub mail: Mail,
    /// Who carries text messages.
    pub sms: Sms,
    /// The app at Slack.
    pub slack: Slack,
    /// The first account.
    pub admin: Admin,
    /// What is not wrong and yet hardly meant, a sentence each, for the log.
    pub doubts: Vec<String>,
}

/// A row of the table of values.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// `section.name`, as in the file.
    pub key: &'static str,
    /// The environment variables, the strongest first; each may also end in `_FILE` and name a file that holds the value.
    pub variables: &'static [&'static str],
    /// The value when nobody says anything, as it would be written.
    pub default: &'static str,
    /// What is counted; empty when nothing is.
    pub unit: &'static str,
    /// What it means, in a sentence or two.
    pub help: &'static str,
    set: fn(&mut Config, &str) -> Result<(), String>,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file; `None` looks at [`FILES`]' places, where it may be missing.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Values of flags: the flag as it was written, the key, and the value.
    pub flags: Vec<(String, String, String)>,
}

impl Sources {
    /// The process's own environment, and nothing else yet.
    pub fn from_process() -> Self {
        Self { environment: environment::of_the_process(), ..Self::default() }
    }
}

impl Config {
    /// Reads every source.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn load(sources: &Sources) -> Result<Self, ConfigErrors> {
        let mut loading = Loading::default();
        if let Some(path) = file_of(sources) {
            file::apply(&mut loading, &path);
        }
        environment::apply(&mut loading, &sources.environment);
        for (flag, key, value) in &sources.flags {
            let origin = Origin::Flag(flag.clone());
            match field(key) {
                Some(field) => loading.set(field, value, origin),
                None => loading.refuse(unknown_key(key, origin)),
            }
        }
        loading.end()
    }

    /// The URL of the database.
    pub fn database_url(&self) -> String {
        match &self.data.database_url {
            Some(url) => url.expose().to_owned(),
            None => Db::sqlite_url(&store::default_file(&self.data.dir)),
        }
    }

    /// The table of every value, as Markdown: what stands in the README.
    pub fn table() -> String {
        table::markdown()
    }
}

/// Every value of the table, in its order.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    [
        Server::FIELDS,
        Data::FIELDS,
        Secrets::FIELDS,
        Log::FIELDS,
        Checks::FIELDS,
        Retention::FIELDS,
        Metrics::FIELDS,
        Telex::FIELDS,
        Api::FIELDS,
        Mail::FIELDS,
        Sms::FIELDS,
        Slack::FIELDS,
        Admin::FIELDS,
    ]
    .into_iter()
    .flatten()
}

fn field(key: &str) -> Option<&'static Field> {
    fields().find(|field| field.key == key)
}

/// Says what may have been meant by a key that does not exist.
fn unknown_key(key: &str, origin: Origin) -> Mistake {
    let name = key.rsplit('.').next().unwrap_or(key);
    let meant = fields()
        .map(|field| field.key)
        .find(|known| known.rsplit('.').next() == Some(name))
        .or_else(|| nearest::nearest(key, fields().map(|field| field.key)));
    let advice = match meant {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => "; the README lists every key.".to_owned(),
    };
    Mistake { origin, message: format!("there is no key `{key}`{advice}") }
}

fn file_of(sources: &Sources) -> Option<PathBuf> {
    let named =
        || sources.environment.iter().find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
    sources
        .file
        .clone()
        .or_else(|| named().map(|(_, value)| PathBuf::from(value)))
        .or_else(|| FILES.iter().map(Path::new).find(|path| path.is_file()).map(Path::to_path_buf))
}

#[cfg(test)]
mod tests;
