//! What values may be that can be read, by themselves and together.

use ::engine::chance::Chance;
use ::engine::seal::Sealer;

use super::Config;

/// A rule that is broken.
#[derive(Debug)]
pub(super) struct Broken {
    /// Of which values, the one first that most probably has to change.
    pub(super) keys: &'static [&'static str],
    /// What is wrong and what would be right, without a full stop.
    pub(super) message: String,
}

impl Broken {
    pub(super) fn new(keys: &'static [&'static str], message: impl Into<String>) -> Self {
        Self { keys, message: message.into() }
    }
}

/// Every rule that a configuration breaks.
pub(super) fn broken(config: &Config) -> Vec<Broken> {
    let mut broken = Vec::new();
    let counts: [(&'static [&'static str], u32); 5] = [
        (&["checks.concurrency"], config.checks.concurrency),
        (&["checks.per_host"], config.checks.per_host),
        (&["server.request_timeout"], config.server.request_timeout.into()),
        (&["server.session_days"], config.server.session_days.into()),
        (&["telex.rate"], config.telex.rate),
    ];
    for (keys, _) in counts.into_iter().filter(|(_, count)| *count == 0) {
        broken.push(Broken::new(keys, "0 would stop everything; write at least 1"));
    }
    broken.extend(of_retention(config));
    broken.extend(of_secrets(config));
    broken.extend(config.mail.broken());
    broken.extend(config.sms.broken());
    broken.extend(config.slack.broken());
    if config.admin.email.is_some() != config.admin.password.is_some() {
        broken.push(Broken::new(
            &["admin.email", "admin.password"],
            "`admin.email` and `admin.password` belong together; set both, or none and use the set-up link",
        ));
    }
    broken
}

fn of_retention(config: &Config) -> Vec<Broken> {
    let mut broken = Vec::new();
    let retention = &config.retention;
    let finer: [(&'static [&'static str], u32); 3] = [
        (&["retention.raw"], retention.raw),
        (&["retention.five_minutes"], retention.five_minutes),
        (&["retention.hour"], retention.hour),
    ];
    for (keys, _) in finer.into_iter().filter(|(_, days)| *days == 0) {
        broken.push(Broken::new(keys, "only `retention.day` may be 0 (for ever); write at least 1 day"));
    }
    if retention.raw > retention.five_minutes || retention.five_minutes > retention.hour {
        let message = format!(
            "coarser sums must be kept at least as long as finer ones: raw ≤ five_minutes ≤ hour, and these are {}, {} and {} days",
            retention.raw, retention.five_minutes, retention.hour
        );
        broken.push(Broken::new(&["retention.raw", "retention.five_minutes", "retention.hour"], message));
    }
    if retention.day != 0 && retention.day < retention.hour {
        let message = format!(
            "`retention.day` must be 0 (for ever) or at least as long as `retention.hour`, which is {} days",
            retention.hour
        );
        broken.push(Broken::new(&["retention.day", "retention.hour"], message));
    }
    broken
}

fn of_secrets(config: &Config) -> Vec<Broken> {
    let read = |key: &str| Sealer::new([key], Chance::System);
    let mut broken = Vec::new();
    if let Some(Err(why)) = config.secrets.key.as_ref().map(|key| read(key.expose())) {
        broken.push(Broken::new(&["secrets.key"], why.to_string()));
    }
    if let Some(why) = config.secrets.old().iter().find_map(|key| read(key).err()) {
        broken.push(Broken::new(&["secrets.old_keys"], why.to_string()));
    }
    broken
}
