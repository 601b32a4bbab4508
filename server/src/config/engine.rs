//! What the engine is told of the configuration.

use std::num::{NonZeroU32, NonZeroUsize};

use ::engine::checks::{ChecksConfig, TargetPolicy};
use ::engine::housekeeping;
use ::engine::scheduler::Concurrency;
use ::engine::telex::TelexConfig;
use domain::time::DAY;

use super::{Checks, Retention, Telex};

impl Checks {
    /// How targets are reached, and which may be.
    pub(crate) fn engine(&self) -> ChecksConfig {
        let policy = TargetPolicy {
            allow_private: self.allow_private,
            allow: self.allow.0.clone(),
            deny: self.deny.0.clone(),
        };
        ChecksConfig { policy, ..ChecksConfig::default() }
    }

    /// How many checks run at a time. (0 was refused when the configuration was read.)
    pub(crate) fn concurrency(&self) -> Concurrency {
        let count =
            |count: u32| usize::try_from(count).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        Concurrency { total: count(self.concurrency), per_host: count(self.per_host) }
    }
}

impl Retention {
    /// How long results and roll-ups are kept.
    pub(crate) fn engine(&self) -> housekeeping::Retention {
        // 0 is for ever.
        let days = |days: u32| (days > 0).then_some(i64::from(days) * DAY);
        housekeeping::Retention {
            raw: days(self.raw),
            five_minutes: days(self.five_minutes),
            hour: days(self.hour),
            day: days(self.day),
            ..housekeeping::Retention::default()
        }
    }
}

impl Telex {
    /// What the integration may do. Anybody may call it, so what the operator allows for monitors does not count, and what is
    /// denied there does.
    pub(crate) fn engine(&self, checks: &Checks) -> TelexConfig {
        let policy = TargetPolicy {
            allow_private: self.allow_private,
            allow: Vec::new(),
            deny: checks.deny.0.clone(),
        };
        // (0 was refused when the configuration was read.)
        let rate = NonZeroU32::new(self.rate).unwrap_or(NonZeroU32::MIN);
        TelexConfig { hosts: self.hosts.clone(), policy, rate }
    }
}
