//! ssh: logs in to a server and runs a command that restarts it.

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, read_form};
use crate::check::target::{check_host, host_port};
use crate::form::{Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

/// What runs when nothing else is asked for. Without `-n`, sudo would wait for a password that nobody types.
const COMMAND: &str = "sudo reboot";
/// The longest command, in bytes: longer ones belong into a script on the server.
const MAX_COMMAND: usize = 1_000;
/// The longest pause between two runs, in minutes: a day.
const MAX_COOLDOWN: u32 = 1_440;
/// The usual pause, in minutes.
const COOLDOWN: u32 = 30;
/// The port of SSH.
const PORT: u16 = 22;
/// Characters of base64 without padding that a SHA-256 has.
const FINGERPRINT: usize = 43;

/// Which server is restarted, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshSettings {
    /// Its address or name.
    pub ip: String,
    /// The port of its SSH server.
    #[serde(default = "port")]
    pub port: u16,
    /// Who logs in.
    pub username: String,
    /// The password, if there is no key or the server asks for both.
    #[serde(default)]
    pub password: Option<Secret>,
    /// The private key as its file has it: OpenSSH, PEM or `PuTTY`.
    #[serde(default)]
    pub private_key: Option<Secret>,
    /// What the key is encrypted with.
    #[serde(default)]
    pub passphrase: Option<Secret>,
    /// What runs.
    #[serde(default = "command")]
    pub command: String,
    /// The shortest time between two runs, in minutes; 0 for none.
    #[serde(default = "cooldown")]
    pub cooldown_minutes: u32,
    /// The key that the server is known by, as `SHA256:…`; learned when nothing stands here.
    #[serde(default)]
    pub host_key: Option<String>,
}

fn port() -> u16 {
    PORT
}

fn command() -> String {
    COMMAND.to_owned()
}

fn cooldown() -> u32 {
    COOLDOWN
}

impl SshSettings {
    /// A server that a user with a password restarts.
    pub fn with_password(ip: &str, port: u16, username: &str, password: &str) -> Self {
        Self {
            ip: ip.to_owned(),
            port,
            username: username.to_owned(),
            password: Some(password.into()),
            private_key: None,
            passphrase: None,
            command: command(),
            cooldown_minutes: COOLDOWN,
            host_key: None,
        }
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        host_port(&self.ip, self.port)
    }
}

impl ProviderSettings for SshSettings {
    const LABEL: &'static str = "SSH server restart";
    const DESCRIPTION: &'static str = "Logs in to a server when an incident begins, and restarts it.";
    const ICON: &'static str = "server-cog";
    const AUDIENCE: Audience = Audience::Programs;
    const ACTS: bool = true;
    /// It acts when an outage begins, and says nothing.
    const EVENTS: Option<&'static [&'static str]> = Some(&[]);
    const FIELDS: &'static [Field] = &[
        Field::new("ip", "Host or IP address", FieldKind::Host).required().placeholder("192.0.2.10"),
        Field::new("port", "Port", FieldKind::Number { min: 1, max: 65_535, unit: "" }).default("22"),
        Field::new("username", "User name", FieldKind::Text).required().placeholder("deploy"),
        Field::new("password", "Password", FieldKind::Secret).help("Or a private key below."),
        Field::new("private_key", "Private key", FieldKind::SecretArea)
            .placeholder("-----BEGIN OPENSSH PRIVATE KEY-----")
            .help("The whole file, without the .pub at its end."),
        Field::new("passphrase", "Passphrase of the key", FieldKind::Secret),
        Field::new("command", "Command", FieldKind::Text).default(COMMAND).help(
            "Runs once when an incident begins. The user must be allowed to run it without a password: for “sudo reboot”, a line \
             such as “deploy ALL=(root) NOPASSWD: /usr/sbin/reboot” in the server's sudoers file.",
        ),
        Field::new("cooldown_minutes", "Cool-down", FieldKind::Number { min: 0, max: 1_440, unit: "min" })
            .default("30")
            .help("How long incidents after a restart do not restart it again."),
        Field::new("host_key", "Host key", FieldKind::Text)
            .placeholder("SHA256:…")
            .help(
                "The fingerprint that the server is known by. It is filled in at the first connection; empty it after you have \
                 installed the server anew.",
            )
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let (ip, port) = (reader.text("ip"), reader.number("port", 1..=65_535_u16));
            let same = old.filter(|old| old.ip == ip && old.port == port);
            // What was stored for one server is not shown to another: whoever may edit need not know the password.
            let mut secret = |name, of: fn(&Self) -> &Option<Secret>| {
                reader.secret(name, same.and_then(|old| of(old).as_ref()))
            };
            let password = secret("password", |old| &old.password);
            let private_key = secret("private_key", |old| &old.private_key);
            let passphrase = secret("passphrase", |old| &old.passphrase);
            let known = old.and_then(|old| old.host_key.clone());
            let sent = reader.optional_text("host_key");
            let host_key = match same {
                // A program that does not know the field must not make us forget the key.
                Some(_) if !form.contains_key("host_key") => known,
                Some(_) => sent,
                None => sent.filter(|sent| Some(sent) != known.as_ref()),
            };
            Self {
                ip,
                port,
                username: reader.text("username"),
                password,
                private_key,
                passphrase,
                command: Some(reader.text("command")).filter(|text| !text.is_empty()).unwrap_or_else(command),
                cooldown_minutes: reader.number("cooldown_minutes", 0..=MAX_COOLDOWN),
                host_key,
            }
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [
            ("ip", self.ip.clone()),
            ("port", self.port.to_string()),
            ("username", self.username.clone()),
            ("command", self.command.clone()),
            ("cooldown_minutes", self.cooldown_minutes.to_string()),
            ("host_key", self.host_key.clone().unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "password", self.password.as_ref());
        put_secret(&mut form, "private_key", self.private_key.as_ref());
        put_secret(&mut form, "passphrase", self.passphrase.as_ref());
        form
    }

    fn target(&self) -> String {
        format!("{} ({})", self.ip, self.username)
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        let mut error = |field: &str, message: String| errors.push(FieldError::new(field, message));
        if let Err(message) = check_host(&self.ip) {
            error("ip", message);
        }
        if self.port == 0 {
            error("port", "“0” does not fit; write a whole number from 1 to 65535.".to_owned());
        }
        let user = &self.username;
        if user.is_empty() || user.chars().any(|c| c.is_whitespace() || c.is_control()) {
            error("username", format!("“{user}” is no user name; write one word such as deploy."));
        }
        if self.password.is_none() && self.private_key.is_none() {
            let message =
                "Please fill in a password or a private key; they are not carried over to another server.";
            error("password", message.to_owned());
        }
        if self.private_key.as_ref().is_some_and(|key| !is_private_key(key.expose())) {
            let message = "This is no private key; paste the whole file, from -----BEGIN to the last line.";
            error("private_key", message.to_owned());
        }
        if self.command.trim().is_empty() || self.command.chars().any(char::is_control) {
            error("command", format!("Please write a command in one line, such as {COMMAND}."));
        }
        if self.command.len() > MAX_COMMAND {
            let message =
                format!("This is longer than {MAX_COMMAND} bytes; put it into a script on the server.");
            error("command", message);
        }
        if self.cooldown_minutes > MAX_COOLDOWN {
            let message = format!("“{}” does not fit; write 0 to {MAX_COOLDOWN}.", self.cooldown_minutes);
            error("cooldown_minutes", message);
        }
        if let Some(key) = self.host_key.as_deref().filter(|key| !is_fingerprint(key)) {
            let message = format!(
                "“{key}” is no fingerprint; write SHA256: and {FINGERPRINT} characters, as ssh-keygen -lf prints it."
            );
            error("host_key", message);
        }
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        let optional = [&mut self.password, &mut self.private_key, &mut self.passphrase];
        optional.into_iter().flatten().collect()
    }
}

/// Whether a text looks like the file of a private key; only the engine can read it.
fn is_private_key(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("PuTTY-User-Key-File-")
        || (text.starts_with("-----BEGIN ")
            && text.lines().next().is_some_and(|line| line.contains("PRIVATE KEY")))
}

/// Whether a text is the SHA-256 fingerprint of a key as OpenSSH writes it.
fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("SHA256:").is_some_and(|digits| {
        digits.len() == FINGERPRINT
            && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn pinned() -> SshSettings {
        let host_key = Some(format!("SHA256:{}", "a".repeat(FINGERPRINT)));
        SshSettings { host_key, ..SshSettings::with_password("192.0.2.10", 22, "deploy", "hunter2") }
    }

    #[test]
    fn a_short_form_takes_the_usual_port_command_and_pause() {
        let form = form(&[("ip", "192.0.2.10"), ("username", "deploy"), ("password", "hunter2")]);
        let settings = SshSettings::from_form(&form, None).unwrap();
        assert_eq!(settings, SshSettings { host_key: None, ..pinned() });
        assert_eq!(settings.target(), "192.0.2.10 (deploy)");
        assert_eq!((settings.command.as_str(), settings.cooldown_minutes), ("sudo reboot", 30));
    }

    #[test]
    fn settings_read_back_from_their_form_with_their_secrets() {
        let settings = pinned();
        assert!(!settings.to_form().values().any(|value| value.contains("hunter2")));
        assert_eq!(SshSettings::from_form(&settings.to_form(), Some(&settings)), Ok(settings.clone()));
        let short = form(&[("ip", "192.0.2.10"), ("username", "deploy")]);
        assert_eq!(SshSettings::from_form(&short, Some(&settings)).unwrap().host_key, settings.host_key);
    }

    #[test]
    fn neither_password_nor_host_key_follows_to_another_server() {
        let old = pinned();
        let mut form = old.to_form();
        form.insert("ip".to_owned(), "192.0.2.66".to_owned());
        let errors = SshSettings::from_form(&form, Some(&old)).unwrap_err();
        assert_eq!(errors[0].field, "password");
        form.insert("password".to_owned(), "new".to_owned());
        let moved = SshSettings::from_form(&form, Some(&old)).unwrap();
        assert_eq!((moved.host_key, moved.password), (None, Some("new".into())));
    }

    #[test]
    fn every_mistake_names_its_field() {
        let wrong = form(&[
            ("ip", "not a host"),
            ("username", "two words"),
            ("private_key", "ssh-ed25519 AAAA"),
            ("command", "reboot\nrm -rf /"),
            ("cooldown_minutes", "1441"),
            ("host_key", "MD5:aa:bb"),
        ]);
        let errors = SshSettings::from_form(&wrong, None).unwrap_err();
        let mut fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["command", "cooldown_minutes", "host_key", "ip", "private_key", "username"]);
    }
}
