//! The values of the API and of those who carry messages: mail, text messages, Slack.

use domain::integration::email::is_address;
use domain::integration::sms::phone_number;
use domain::secret::Secret;

use super::api_url::ApiUrl;
use super::rules::Broken;
use super::sections::section;
use super::value::{BaseUrl, MailSecurity, unbracketed};

section! {
    /// The REST API.
    Api at api {
        rate: u32 = "1000" "calls a minute", ["PHAROS_API_RATE"],
            "Calls of the API that are taken with one token; 0 counts none.";
        echo_secrets: bool = "false" "", ["PHAROS_API_ECHO_SECRETS"],
            "Whether the API shows passwords and tokens of integrations as they are, for programs that were written against such answers.";
    }
}

section! {
    /// The mail server, for integrations that send mail.
    Mail at mail {
        url: Option<Secret> = "" "", ["PHAROS_MAIL_URL", "SMTP_URL"],
            "The mail server in one line, `smtp://user:password@host:587` or `smtps://…`; takes the place of host, port, username and password; `security` may stand beside it.";
        host: Option<String> = "" "", ["PHAROS_MAIL_HOST", "SMTP_HOST"],
            "The mail server. Empty: no mail is sent.";
        port: u16 = "587" "", ["PHAROS_MAIL_PORT", "SMTP_PORT"],
            "Its port: 587 with STARTTLS, 465 with TLS, 25 for a relay.";
        security: Option<MailSecurity> = "" "", ["PHAROS_MAIL_SECURITY", "SMTP_SECURITY"],
            "How the connection is kept private: `starttls`, `tls`, or `none` for a relay on the same machine. Empty: `tls` with `smtps://`, else `starttls`.";
        username: Option<String> = "" "", ["PHAROS_MAIL_USERNAME", "SMTP_USERNAME", "SMTP_USER"],
            "Who Pharos is to the mail server. Empty: the server does not ask.";
        password: Option<Secret> = "" "", ["PHAROS_MAIL_PASSWORD", "SMTP_PASSWORD"],
            "The password for that.";
        from: Option<String> = "" "", ["PHAROS_MAIL_FROM", "SMTP_FROM"],
            "The address that mails come from.";
        from_name: String = "Pharos" "", ["PHAROS_MAIL_FROM_NAME", "SMTP_FROM_NAME"],
            "The name beside it.";
        timeout: u16 = "30" "s", ["PHAROS_MAIL_TIMEOUT"],
            "How long a mail may take, at most 60 s.";
    }
}

section! {
    /// Twilio, for integrations that send text messages.
    Sms at sms {
        account_sid: Option<String> = "" "", ["PHAROS_SMS_ACCOUNT_SID", "TWILIO_ACCOUNT_SID"],
            "The account at Twilio, `AC…`. Empty: no text message is sent.";
        auth_token: Option<Secret> = "" "", ["PHAROS_SMS_AUTH_TOKEN", "TWILIO_AUTH_TOKEN"],
            "The token of the account; or use a key.";
        api_key: Option<String> = "" "", ["PHAROS_SMS_API_KEY", "TWILIO_API_KEY"],
            "A key of the account, `SK…`, which can be taken back by itself.";
        api_key_secret: Option<Secret> = "" "", ["PHAROS_SMS_API_KEY_SECRET", "TWILIO_API_KEY_SECRET"],
            "The secret of the key.";
        from: Option<String> = "" "", ["PHAROS_SMS_FROM", "TWILIO_FROM", "TWILIO_PHONE_NUMBER"],
            "The number that messages come from; or use a messaging service.";
        messaging_service: Option<String> = "" "", ["PHAROS_SMS_MESSAGING_SERVICE", "TWILIO_MESSAGING_SERVICE_SID"],
            "A messaging service, `MG…`, which chooses a number.";
        verify_service: Option<String> = "" "", ["PHAROS_SMS_VERIFY_SERVICE", "TWILIO_VERIFY_SERVICE_SID"],
            "A service of Twilio Verify, `VA…`, for the codes that prove who owns a number. Empty: Pharos makes the codes; use a service with several nodes.";
        api_url: ApiUrl = "https://api.twilio.com" "", ["PHAROS_SMS_API_URL"],
            "Where Twilio's Messages API is.";
        verify_url: ApiUrl = "https://verify.twilio.com" "", ["PHAROS_SMS_VERIFY_URL"],
            "Where Twilio's Verify API is.";
    }
}

section! {
    /// The app at Slack, for integrations that people add with two clicks.
    Slack at slack {
        client_id: Option<String> = "" "", ["PHAROS_SLACK_CLIENT_ID", "SLACK_CLIENT_ID"],
            "The client id of your Slack app. Empty: Slack is added by a webhook or a bot token only.";
        client_secret: Option<Secret> = "" "", ["PHAROS_SLACK_CLIENT_SECRET", "SLACK_CLIENT_SECRET"],
            "Its client secret.";
        signing_secret: Option<Secret> = "" "", ["PHAROS_SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET"],
            "Its signing secret, which proves that a pressed button came from Slack. Set the app's interactivity URL to `/hooks/slack/actions`.";
        scopes: String = "incoming-webhook,chat:write" "", ["PHAROS_SLACK_SCOPES"],
            "What the bot asks for.";
        user_scopes: String = "" "", ["PHAROS_SLACK_USER_SCOPES"],
            "What is asked of whoever installs the app; empty for nothing.";
        redirect_base: Option<BaseUrl> = "" "", ["PHAROS_SLACK_REDIRECT_BASE"],
            "Where Slack sends people back to, below which `/auth/slack/callback` is. Empty: `server.base_url`, or the address of the request.";
        authorize_url: ApiUrl = "https://slack.com/oauth/v2/authorize" "", ["PHAROS_SLACK_AUTHORIZE_URL"],
            "Where people allow the app.";
        api_url: ApiUrl = "https://slack.com/api" "", ["PHAROS_SLACK_API_URL"],
            "Where the methods of Slack's Web API are.";
    }
}

impl Mail {
    /// Whether there is a mail server.
    fn is_set(&self) -> bool {
        self.url.is_some() || self.host.is_some()
    }

    /// The values, defaults too, in whose place the URL says something else.
    pub(super) fn overruled(&self) -> Vec<&'static str> {
        let server = self.url.as_ref().and_then(|url| super::value::mail_url(url.expose()).ok());
        let Some(server) = server else { return Vec::new() };
        let is_same = |host: &str| unbracketed(host).eq_ignore_ascii_case(&server.host);
        let differs = [
            ("mail.host", self.host.as_deref().is_some_and(|host| !is_same(host))),
            ("mail.port", self.port != server.port),
            ("mail.username", self.username.is_some() && self.username != server.username),
            ("mail.password", self.password.is_some() && self.password != server.password),
        ];
        differs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
    }

    /// Rules that its values break.
    pub(super) fn broken(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        if self.is_set() && self.from.is_none() {
            broken.push(Broken::new(
                &["mail.url", "mail.host", "mail.from"],
                "`mail.from` is missing; write the address that mails come from",
            ));
        }
        if let Some(from) = self.from.as_deref().filter(|from| !is_address(from)) {
            let message = format!(
                "“{from}” is no address; write for example pharos@example.org (the name stands in `mail.from_name`)"
            );
            broken.push(Broken::new(&["mail.from"], message));
        }
        if self.username.is_some() != self.password.is_some() {
            broken.push(Broken::new(
                &["mail.username", "mail.password"],
                "`mail.username` and `mail.password` belong together; set both, or none",
            ));
        }
        if let Some(host) = self.host.as_deref().filter(|host| !is_host(host)) {
            let message = format!(
                "“{host}” is no name of a server; write for example mail.example.org (the port stands in `mail.port`, a whole URL in \
                 `mail.url`)"
            );
            broken.push(Broken::new(&["mail.host"], message));
        }
        if self.port == 0 {
            broken.push(Broken::new(&["mail.port"], "write a port from 1 to 65535, such as 587"));
        }
        if !self.is_set() && self.username.is_some() && self.password.is_some() {
            broken.push(Broken::new(
                &["mail.username", "mail.password"],
                "no mail server is named; set `mail.host` or `mail.url`, too",
            ));
        }
        if !(1..=60).contains(&self.timeout) {
            broken.push(Broken::new(&["mail.timeout"], "write a number of seconds from 1 to 60"));
        }
        if let Some(url) = &self.url {
            match super::value::mail_url(url.expose()) {
                Err(why) => broken.push(Broken::new(&["mail.url"], why)),
                // `smtp://` leaves open whether the connection is encrypted later; `smtps://` does not.
                Ok(server) => {
                    let is_tls = |security| security == MailSecurity::Tls;
                    if self.security.is_some_and(|wanted| is_tls(wanted) != is_tls(server.security)) {
                        let message = "`mail.url` and `mail.security` contradict each other; smtps:// is for `tls`, smtp:// for \
                                       `starttls` or `none`";
                        broken.push(Broken::new(&["mail.security", "mail.url"], message));
                    }
                }
            }
        }
        broken
    }
}

impl Sms {
    /// What means nothing without an account, and whether it is set.
    fn parts(&self) -> [(&'static [&'static str], bool); 6] {
        [
            (&["sms.auth_token"], self.auth_token.is_some()),
            (&["sms.api_key"], self.api_key.is_some()),
            (&["sms.api_key_secret"], self.api_key_secret.is_some()),
            (&["sms.from"], self.from.is_some()),
            (&["sms.messaging_service"], self.messaging_service.is_some()),
            (&["sms.verify_service"], self.verify_service.is_some()),
        ]
    }

    /// What cannot be what it is called: Twilio's ids begin with what they are of.
    fn misspelt(&self) -> Vec<Broken> {
        let ids: [(&'static [&'static str], &Option<String>, &str); 4] = [
            (&["sms.account_sid"], &self.account_sid, "AC"),
            (&["sms.api_key"], &self.api_key, "SK"),
            (&["sms.messaging_service"], &self.messaging_service, "MG"),
            (&["sms.verify_service"], &self.verify_service, "VA"),
        ];
        let wrong = ids.into_iter().filter_map(|(key, id, start)| {
            let id = id.as_deref().filter(|id| !id.starts_with(start))?;
            Some(Broken::new(
                key,
                format!("“{id}” does not begin with {start}; copy the id from Twilio's console"),
            ))
        });
        let mut broken: Vec<_> = wrong.collect();
        if let Some(from) = self.from.as_deref().filter(|from| !is_sender(from)) {
            let message = format!(
                "“{from}” is no sender; write a number such as +15005550006, a short code, or a name of at most 11 letters and digits"
            );
            broken.push(Broken::new(&["sms.from"], message));
        }
        broken
    }

    /// Rules that its values break.
    pub(super) fn broken(&self) -> Vec<Broken> {
        let mut broken = self.misspelt();
        if self.account_sid.is_none() {
            if let Some(key) = self.parts().into_iter().find_map(|(key, is_set)| is_set.then_some(key)) {
                let message = format!("`{}` is of no account; set `sms.account_sid`, too", key[0]);
                broken.push(Broken::new(key, message));
            }
            return broken;
        }
        if self.api_key.is_some() != self.api_key_secret.is_some() {
            broken.push(Broken::new(
                &["sms.api_key", "sms.api_key_secret"],
                "`sms.api_key` and `sms.api_key_secret` belong together; set both, or none",
            ));
        }
        if self.auth_token.is_none() && self.api_key.is_none() {
            broken.push(Broken::new(
                &["sms.account_sid", "sms.api_key_secret"],
                "set `sms.auth_token`, or `sms.api_key` with `sms.api_key_secret`",
            ));
        }
        if self.from.is_none() && self.messaging_service.is_none() {
            broken.push(Broken::new(
                &["sms.account_sid", "sms.from"],
                "set `sms.from`, the number that messages come from, or `sms.messaging_service`",
            ));
        }
        broken
    }
}

impl Slack {
    /// Rules that its values break.
    pub(super) fn broken(&self) -> Vec<Broken> {
        if self.client_id.is_some() == self.client_secret.is_some() {
            return Vec::new();
        }
        vec![Broken::new(
            &["slack.client_id", "slack.client_secret"],
            "`slack.client_id` and `slack.client_secret` belong together; set both, or none",
        )]
    }
}

/// Whether it can be the name or the address of a server, without port or scheme.
fn is_host(text: &str) -> bool {
    unbracketed(text).parse::<std::net::IpAddr>().is_ok()
        || (!text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || !byte.is_ascii()))
}

/// Whether Twilio can send from it: a number, a short code, or a name.
fn is_sender(text: &str) -> bool {
    let is_name = || {
        (1..=11).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_&".contains(&byte))
    };
    if text.starts_with('+') { phone_number(text).as_deref() == Some(text) } else { is_name() }
}
