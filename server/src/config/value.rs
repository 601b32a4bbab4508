//! What a single value may look like as text, and what to say when it does not.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use domain::secret::Secret;
use domain::telex::ReturnHosts;
use ipnet::IpNet;
use url::Url;

/// A type that a configuration value can have. Every source (file, environment, flag) hands over text.
pub(super) trait Value: Sized {
    /// Reads a text; the error says what was wrong and what would be right, without the field's name.
    fn read(text: &str) -> Result<Self, String>;
}

impl Value for String {
    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for PathBuf {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("it is empty; write a path".to_owned()) } else { Ok(Self::from(text)) }
    }
}

impl Value for Secret {
    fn read(text: &str) -> Result<Self, String> {
        Ok(Self::new(text))
    }
}

impl Value for bool {
    fn read(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(format!("“{text}” is neither true nor false")),
        }
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            fn read(text: &str) -> Result<Self, String> {
                // TOML and people write 10_000.
                text.replace('_', "").parse().map_err(|_| {
                    format!("“{text}” is not a whole number from {} to {}", <$number>::MIN, <$number>::MAX)
                })
            }
        }
    )*};
}
whole_numbers!(u16, u32);

impl<T: Value> Value for Option<T> {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }
}

/// The address under which browsers reach Pharos: scheme and host, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The address of a host that a request names; `None` when what it names is no host.
    pub(crate) fn of_host(https: bool, host: &str) -> Option<Self> {
        Self::read(&format!("{}://{host}", if https { "https" } else { "http" })).ok()
    }

    /// Whether browsers reach Pharos over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// `status.example.org`, with the port if it is not the scheme's own.
    pub fn host(&self) -> Option<&str> {
        self.as_str().split_once("://").map(|(_, host)| host)
    }

    /// `https://status.example.org`, without a slash at the end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

impl Value for BaseUrl {
    fn read(text: &str) -> Result<Self, String> {
        let example = "write for example https://status.example.org";
        let url = Url::parse(text).map_err(|_| format!("“{text}” is not a URL; {example}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("“{text}” does not begin with http:// or https://; {example}"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(format!(
                "“{text}” has a path, and Pharos answers at the root of its host; {example}"
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("it holds a user name or a password; {example}"));
        }
        Ok(Self(url))
    }
}

/// What the installation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// People rely on it.
    Production,
    /// Somebody tries things.
    Development,
}

impl Value for Environment {
    fn read(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "production" => Ok(Self::Production),
            "development" => Ok(Self::Development),
            _ => Err(format!("“{text}” is not known; use production or development")),
        }
    }
}

/// How the connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// It is encrypted before anything is said.
    StartTls,
    /// It is encrypted from the first byte.
    Tls,
    /// Not at all.
    None,
}

impl Value for MailSecurity {
    fn read(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "starttls" => Ok(Self::StartTls),
            "tls" | "ssl" => Ok(Self::Tls),
            "none" => Ok(Self::None),
            _ => Err(format!("“{text}” is not known; use starttls, tls or none")),
        }
    }
}

/// What a URL says of a mail server.
#[derive(Clone, Debug)]
pub(super) struct MailUrl {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: MailSecurity,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

/// Reads `smtp://user:password@host:port` (STARTTLS) or `smtps://…` (TLS); the text may hold a password, so no error repeats it.
pub(super) fn mail_url(text: &str) -> Result<MailUrl, String> {
    let example = "write for example smtp://user:password@mail.example.org:587";
    let url = Url::parse(text).map_err(|_| format!("this is not a URL; {example}"))?;
    let (security, port) = match url.scheme() {
        "smtp" => (MailSecurity::StartTls, 587),
        "smtps" => (MailSecurity::Tls, 465),
        _ => return Err(format!("it does not begin with smtp:// or smtps://; {example}")),
    };
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = unbracketed(host.ok_or_else(|| format!("it names no host; {example}"))?).to_owned();
    let plain = |text: &str| decoded(text).ok_or_else(|| format!("a name in it is not UTF-8; {example}"));
    let username = Some(plain(url.username())?).filter(|name| !name.is_empty());
    let password = url.password().map(plain).transpose()?.map(Secret::new);
    if username.is_some() != password.is_some() {
        return Err(format!("user name and password belong together; {example}"));
    }
    Ok(MailUrl { host, port: url.port().unwrap_or(port), security, username, password })
}

/// An IPv6 address without the brackets that it has in a URL; any other host as it is.
pub(super) fn unbracketed(host: &str) -> &str {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    bare.filter(|bare| bare.parse::<std::net::Ipv6Addr>().is_ok()).unwrap_or(host)
}

/// A text without its percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match byte {
            b'%' => bytes.push(u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Value for LogFormat {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("“{text}” is not a format; use text or json")),
        }
    }
}

/// Which log lines are written: a level, or levels by module, as `tracing_subscriber` reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevel(pub String);

impl Value for LogLevel {
    fn read(text: &str) -> Result<Self, String> {
        // `trace`, `Info` and `WARN` are all common in the environment.
        let text = if text.contains(['=', ',']) { text.to_owned() } else { text.to_ascii_lowercase() };
        let known = ["off", "error", "warn", "info", "debug", "trace"];
        // A bare word would be taken for the name of a module, and silence everything.
        if !text.contains('=') && !text.split(',').all(|word| known.contains(&word.trim())) {
            return Err(format!("“{text}” is not a level; use one of {}", known.join(", ")));
        }
        match tracing_subscriber::EnvFilter::try_new(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(format!(
                "“{text}” is not a list of levels ({error}); write for example info,engine=debug"
            )),
        }
    }
}

/// Networks, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<IpNet>);

impl Networks {
    /// Whether an address lies in one of them. An IPv4 address that is written as an IPv6 one is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The networks that `loopback` stands for.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];
/// The networks that `private` stands for: loopback, RFC 1918, RFC 4193, and link-local.
const PRIVATE: [&str; 7] =
    ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"];

impl Value for Networks {
    fn read(text: &str) -> Result<Self, String> {
        let mut networks = Vec::new();
        for word in list(text) {
            match word {
                "none" | "false" => {}
                "loopback" => networks.extend(known(&LOOPBACK)),
                // What people mean by TRUST_PROXY=true is the proxy beside it, and never the whole internet.
                "private" | "true" => networks.extend(known(&PRIVATE)),
                _ => networks.push(network(word)?),
            }
        }
        Ok(Self(networks))
    }
}

fn known(networks: &[&str]) -> impl Iterator<Item = IpNet> {
    networks.iter().filter_map(|network| network.parse().ok())
}

fn network(word: &str) -> Result<IpNet, String> {
    IpNet::from_str(word).or_else(|_| IpAddr::from_str(word).map(IpNet::from)).map_err(|_| {
        format!("“{word}” is not a network; write addresses or ranges such as 10.0.0.0/8, or loopback, private, none")
    })
}

/// Addresses with a port, separated by commas. No names: whether names resolve is part of what is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors(pub Vec<SocketAddr>);

impl Value for Anchors {
    fn read(text: &str) -> Result<Self, String> {
        let words = list(text).filter(|word| *word != "none");
        let anchors = words.map(|word| {
            word.parse().map_err(|_| {
                format!("“{word}” is not an address with a port; write for example 1.1.1.1:443, or none")
            })
        });
        anchors.collect::<Result<_, _>>().map(Self)
    }
}

impl Value for ReturnHosts {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

/// Sites as browsers name them in `Origin` (RFC 6454): scheme, host and port, without a path; separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(pub Vec<String>);

impl Origins {
    /// Whether a browser's `Origin` is one of them.
    pub fn contains(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|known| known.as_bytes() == origin)
    }
}

impl Value for Origins {
    fn read(text: &str) -> Result<Self, String> {
        let words = list(text).filter(|word| *word != "none");
        let origins = words.map(|word| match BaseUrl::read(word) {
            // As browsers write it, which is how it is compared.
            Ok(url) => Ok(url.0.origin().ascii_serialization()),
            Err(_) => Err(format!("“{word}” is not a site; write for example https://telex.im, or none")),
        });
        origins.collect::<Result<_, _>>().map(Self)
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_the_root_of_a_host() {
        assert_eq!(
            BaseUrl::read("https://status.example.org/").unwrap().as_str(),
            "https://status.example.org"
        );
        assert!(BaseUrl::read("https://example.org/status").unwrap_err().contains("has a path"));
        assert!(BaseUrl::read("status.example.org").unwrap_err().contains("not a URL"));
        assert!(
            BaseUrl::read("https://user:hunter2@example.org").is_err_and(|error| !error.contains("hunter2"))
        );
    }

    #[test]
    fn a_mail_server_may_stand_in_one_line() {
        let read = mail_url("smtps://ada%40example.org:p%3Aw@mail.example.org").unwrap();
        assert_eq!(
            (read.host.as_str(), read.port, read.security),
            ("mail.example.org", 465, MailSecurity::Tls)
        );
        assert_eq!(read.username.as_deref(), Some("ada@example.org"));
        assert_eq!(read.password.unwrap().expose(), "p:w");
        assert_eq!(mail_url("smtp://relay:25").unwrap().port, 25);
        assert_eq!(mail_url("smtp://[::1]:25").unwrap().host, "::1");
        assert!(mail_url("https://mail.example.org").unwrap_err().contains("smtp://"));
        assert!(mail_url("smtp://user:hunter2@").is_err_and(|error| !error.contains("hunter2")));
    }

    #[test]
    fn a_misspelt_level_is_refused_instead_of_silencing_the_log() {
        assert!(LogLevel::read("inof").is_err());
        assert_eq!(LogLevel::read("WARN").unwrap().0, "warn");
        assert!(LogLevel::read("info,engine=debug").is_ok());
    }

    #[test]
    fn networks_may_be_named() {
        let networks = Networks::read("loopback, 203.0.113.7").unwrap();
        assert!(networks.contains("127.0.0.1".parse().unwrap()));
        assert!(networks.contains("::ffff:203.0.113.7".parse().unwrap()));
        assert!(!networks.contains("203.0.113.8".parse().unwrap()));
        assert!(Networks::read("10.0.0.0/40").is_err());
    }

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        let origins = Origins::read("https://Telex.im:443/, http://localhost:3000").unwrap();
        assert!(origins.contains(b"https://telex.im") && origins.contains(b"http://localhost:3000"));
        assert!(!origins.contains(b"https://telex.im.evil.example") && !origins.contains(b"null"));
        assert_eq!(Origins::read("none"), Ok(Origins::default()));
        assert!(Origins::read("telex.im").is_err() && Origins::read("*").is_err());
    }

    #[test]
    fn a_number_out_of_range_is_answered_with_the_range() {
        assert_eq!(u16::read("70000").unwrap_err(), "“70000” is not a whole number from 0 to 65535");
        assert_eq!(u32::read("10_000"), Ok(10_000));
    }
}
