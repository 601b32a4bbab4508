//! Every configuration value: its key, variables, default, unit and meaning. The README's table is made from this list.

use std::path::PathBuf;

use domain::secret::Secret;
use domain::telex::ReturnHosts;

use super::database_url::DatabaseUrl;
use super::value::{Anchors, BaseUrl, Environment, LogFormat, LogLevel, Networks, Origins, Value};

/// Declares a section: the struct, its default, and its rows of the table, from one list.
macro_rules! section {
    ($(#[$doc:meta])* $Section:ident at $section:ident {
        $($field:ident: $Type:ty = $default:literal $unit:literal, [$($variable:literal),+], $help:literal;)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Section {
            $(#[doc = $help] #[doc = concat!("(Unit: “", $unit, "”.)")] pub $field: $Type,)+
        }

        impl Default for $Section {
            fn default() -> Self {
                Self { $($field: crate::config::sections::default($default),)+ }
            }
        }

        impl $Section {
            /// The section's rows of the table.
            pub(super) const FIELDS: &'static [crate::config::Field] = &[$(crate::config::Field {
                key: concat!(stringify!($section), ".", stringify!($field)),
                variables: &[$($variable),+],
                default: $default,
                unit: $unit,
                help: $help,
                set: |config: &mut crate::config::Config, text: &str| {
                    config.$section.$field = <$Type as crate::config::value::Value>::read(text)?;
                    Ok(())
                },
            },)+];
        }
    };
}

pub(super) use section;

/// A default, out of the text that the table shows.
pub(super) fn default<T: Value>(text: &str) -> T {
    T::read(text).expect("a test reads every default")
}

section! {
    /// Where Pharos is reached.
    Server at server {
        host: String = "0.0.0.0" "", ["PHAROS_HOST", "HOST"],
            "The address to listen on.";
        port: u16 = "3000" "", ["PHAROS_PORT", "PORT"],
            "The port to listen on; 0 takes any free one.";
        base_url: Option<BaseUrl> = "" "", ["PHAROS_BASE_URL", "BASE_URL"],
            "The address that browsers use, for links; https makes cookies `Secure`. Empty: taken from each request, and for links in messages from where operators log in.";
        trusted_proxies: Networks = "none" "networks", ["PHAROS_TRUSTED_PROXIES", "TRUST_PROXY"],
            "Proxies whose `X-Forwarded-*` headers are believed: networks, `loopback`, `private` or `none`.";
        session_days: u16 = "14" "days", ["PHAROS_SESSION_DAYS"],
            "How long somebody stays logged in without coming back.";
        request_timeout: u16 = "30" "s", ["PHAROS_REQUEST_TIMEOUT"],
            "How long an answer may take before it is given up.";
        environment: Environment = "production" "", ["PHAROS_ENVIRONMENT"],
            "`production`, or `development` to add phone numbers without the code that proves who owns them.";
    }
}

section! {
    /// Where Pharos keeps what it knows.
    Data at data {
        dir: PathBuf = "./data" "", ["PHAROS_DATA_DIR", "DATA_DIR"],
            "The folder of the SQLite file.";
        database_url: Option<DatabaseUrl> = "" "", ["PHAROS_DATABASE_URL", "DATABASE_URL"],
            "`sqlite:///path/file.db` or `postgres://user:password@host/name`, to which each server opens up to 12 connections. Empty: `pharos.db` in the data folder.";
        database_wait: u16 = "30" "s", ["PHAROS_DATABASE_WAIT"],
            "How long the server waits at its start for a PostgreSQL that cannot be reached yet.";
    }
}

section! {
    /// The keys that seal passwords and tokens in the database.
    Secrets at secrets {
        key: Option<Secret> = "" "64 hexadecimal digits", ["PHAROS_SECRETS_KEY", "SECRET_KEY"],
            "The key that seals passwords and tokens in the database, 64 hexadecimal digits (`openssl rand -hex 32`). Empty: from `secret.key` in the data folder, made at the first start; keep a copy of it with your backups.";
        old_keys: Option<Secret> = "" "keys, comma-separated", ["PHAROS_SECRETS_OLD_KEYS"],
            "Earlier keys, which still open what they sealed; `pharos secrets rotate` seals everything anew.";
    }
}

section! {
    /// What Pharos writes to its log.
    Log at log {
        level: LogLevel = "info" "", ["PHAROS_LOG_LEVEL", "LOG_LEVEL", "RUST_LOG"],
            "`error`, `warn`, `info`, `debug` or `trace`; also by module: `info,engine=debug`.";
        format: LogFormat = "text" "", ["PHAROS_LOG_FORMAT"],
            "`text` for people or `json` for programs.";
    }
}

section! {
    /// What checks may do.
    Checks at checks {
        allow_private: bool = "true" "", ["PHAROS_ALLOW_PRIVATE", "ALLOW_PRIVATE_TARGETS"],
            "Whether private networks may be checked. Link-local and cloud metadata addresses never are. Through a proxy only the proxy, \
             addresses in the URL and names that are looked up here (`socks5`) can be judged.";
        allow: Networks = "none" "networks", ["PHAROS_CHECKS_ALLOW"],
            "Networks that may be checked although a rule forbids them.";
        deny: Networks = "none" "networks", ["PHAROS_CHECKS_DENY"],
            "Networks that may not be checked.";
        anchors: Anchors = "1.1.1.1:443, 8.8.8.8:443, 9.9.9.9:443" "address:port", ["PHAROS_CHECKS_ANCHORS"],
            "Where to knock before a failure of a public target is believed; `none` turns that off.";
        concurrency: u32 = "1000" "checks", ["PHAROS_CHECKS_CONCURRENCY"],
            "Checks that run at the same time.";
        per_host: u32 = "8" "checks", ["PHAROS_CHECKS_PER_HOST"],
            "Checks that run against one host at the same time.";
    }
}

section! {
    /// How long results are kept.
    Retention at retention {
        raw: u32 = "7" "days", ["PHAROS_RETENTION_RAW"],
            "How long single results are kept.";
        five_minutes: u32 = "30" "days", ["PHAROS_RETENTION_FIVE_MINUTES"],
            "How long sums over 5 minutes are kept.";
        hour: u32 = "400" "days", ["PHAROS_RETENTION_HOUR"],
            "How long sums over an hour are kept.";
        day: u32 = "0" "days", ["PHAROS_RETENTION_DAY"],
            "How long sums over a day are kept; 0 is for ever.";
        deliveries: u32 = "90" "days", ["PHAROS_RETENTION_DELIVERIES"],
            "How long messages that are over are kept, with what was sent and answered; 0 is for ever.";
    }
}

section! {
    /// Who may read `/metrics`.
    Metrics at metrics {
        token: Option<Secret> = "" "", ["PHAROS_METRICS_TOKEN", "METRICS_TOKEN"],
            "The bearer token of `/metrics`. Empty: only this machine may read it, by a loopback address or `localhost`, not through a proxy, and only while `server.base_url` names no other machine.";
    }
}

section! {
    /// The integration of Telex: `/integration.json` and `/tick`.
    Telex at telex {
        enabled: bool = "true" "", ["PHAROS_TELEX_ENABLED"],
            "Whether Telex may use this installation as an interval integration.";
        hosts: ReturnHosts = "ping.telex.im" "", ["PHAROS_TELEX_HOSTS"],
            "Hosts that results are posted to, over https; `host:port` for another port, `*` for any public host.";
        allow_private: bool = "false" "", ["PHAROS_TELEX_ALLOW_PRIVATE"],
            "For a test bench: sites and return addresses may lie in private networks, and results go over http too.";
        origins: Origins = "http://staging.telextest.im, http://telextest.im, https://staging.telex.im, https://telex.im" "", ["PHAROS_TELEX_ORIGINS"],
            "Sites whose pages may read the two routes in a browser (CORS).";
        rate: u32 = "60" "calls a minute", ["PHAROS_TELEX_RATE"],
            "Calls of `/tick` that are taken from one address.";
    }
}

section! {
    /// The first account, made at the start when there is none; without it, a set-up link is printed.
    Admin at admin {
        email: Option<String> = "" "", ["PHAROS_ADMIN_EMAIL", "ADMIN_EMAIL"],
            "The e-mail address of the first account.";
        password: Option<Secret> = "" "", ["PHAROS_ADMIN_PASSWORD", "ADMIN_PASSWORD"],
            "The password of the first account; changing it later changes nothing.";
    }
}
