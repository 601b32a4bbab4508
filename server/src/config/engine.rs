//! What the engine is told of the configuration.

use std::num::{NonZeroU32, NonZeroUsize};

use ::engine::checks::{ChecksConfig, TargetPolicy};
use ::engine::housekeeping;
use ::engine::providers::{self, Carriers, MailSettings, TwilioAuth, TwilioSender, TwilioSettings};
use ::engine::scheduler::Concurrency;
use ::engine::services::slack::SlackApp;
use ::engine::telex::TelexConfig;
use domain::time::DAY;

use super::value::{self, MailUrl};
use super::{Checks, Config, Environment, Mail, MailSecurity, Retention, Slack, Sms, Telex};

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
            deliveries: days(self.deliveries),
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

impl Config {
    /// Who carries messages.
    pub(crate) fn carriers(&self) -> Carriers {
        Carriers {
            mail: self.mail.engine(),
            sms: self.sms.engine(),
            trusts_numbers: self.server.environment == Environment::Development,
        }
    }
}

impl Mail {
    /// The mail server, if there is one. (What does not fit together was refused when the configuration was read.)
    fn engine(&self) -> Option<MailSettings> {
        let server = match (&self.url, &self.host) {
            (Some(url), _) => {
                let server = value::mail_url(url.expose()).ok()?;
                MailUrl { security: self.security.unwrap_or(server.security), ..server }
            }
            (None, Some(host)) => MailUrl {
                host: value::unbracketed(host).to_owned(),
                port: self.port,
                security: self.security.unwrap_or(MailSecurity::StartTls),
                username: self.username.clone(),
                password: self.password.clone(),
            },
            (None, None) => return None,
        };
        let security = match server.security {
            MailSecurity::StartTls => providers::MailSecurity::StartTls,
            MailSecurity::Tls => providers::MailSecurity::Tls,
            MailSecurity::None => providers::MailSecurity::None,
        };
        Some(MailSettings {
            host: server.host,
            port: server.port,
            security,
            username: server.username,
            password: server.password,
            from: self.from.clone()?,
            from_name: Some(self.from_name.clone()).filter(|name| !name.is_empty()),
            timeout: std::time::Duration::from_secs(u64::from(self.timeout)),
        })
    }
}

impl Sms {
    /// Twilio, if there is an account. (What does not fit together was refused when the configuration was read.)
    fn engine(&self) -> Option<TwilioSettings> {
        let auth = match (&self.api_key, &self.api_key_secret, &self.auth_token) {
            (Some(sid), Some(secret), _) => TwilioAuth::Key { sid: sid.clone(), secret: secret.clone() },
            (_, _, Some(token)) => TwilioAuth::Token(token.clone()),
            _ => return None,
        };
        let sender = match (&self.messaging_service, &self.from) {
            (Some(service), _) => TwilioSender::Service(service.clone()),
            (None, Some(number)) => TwilioSender::From(number.clone()),
            (None, None) => return None,
        };
        Some(TwilioSettings {
            account_sid: self.account_sid.clone()?,
            auth,
            sender,
            verify_service: self.verify_service.clone(),
            api_url: self.api_url.as_str().to_owned(),
            verify_url: self.verify_url.as_str().to_owned(),
        })
    }
}

impl Slack {
    /// The origin that people who add a channel are sent to; `None` without an app.
    pub(crate) fn origin(&self) -> Option<String> {
        self.client_id.as_ref()?;
        Some(url::Url::parse(self.authorize_url.as_str()).ok()?.origin().ascii_serialization())
    }

    /// The app at Slack, if there is one.
    pub(crate) fn engine(&self) -> Option<SlackApp> {
        Some(SlackApp {
            client_id: self.client_id.clone()?,
            client_secret: self.client_secret.clone()?,
            scopes: self.scopes.clone(),
            user_scopes: self.user_scopes.clone(),
            authorize_url: self.authorize_url.as_str().to_owned(),
            api_url: self.api_url.as_str().to_owned(),
        })
    }
}
