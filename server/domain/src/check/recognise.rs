//! What a person pastes, understood.

use std::net::IpAddr;

use url::Url;

use super::{
    CheckSettings, DnsSettings, HttpSettings, PingSettings, TcpSettings, TlsSettings, WebSocketSettings,
    dns::RecordType,
    target::{bare_host, check_host, host_port},
};
use crate::form::{Choice as _, FieldError, MAX_TEXT_BYTES};

/// The field that errors are reported for.
const FIELD: &str = "address";
/// The longest name that is suggested, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// Schemes that are understood without slashes too (`ping:example.org`), and those that people try. A port behind one of these words
/// makes it the name of a host.
const SCHEMES: [&str; 14] = [
    "http", "https", "ws", "wss", "tcp", "ping", "icmp", "tls", "ssl", "dns", "push", "mailto", "ftp", "ssh",
];

/// What was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// A name for the monitor.
    pub name: String,
    /// The check.
    pub settings: CheckSettings,
}

/// Understands one line: `https://…` and `wss://…`, `tcp://host:port` or `host:port`, `ping://host` or a bare address,
/// `dns://name/TYPE`, `tls://host:port`, each also without the slashes, and a bare domain as a web page over https.
///
/// # Errors
/// What is wrong with it, and what would be understood.
pub fn recognise(line: &str) -> Result<Recognised, FieldError> {
    let line = line.trim();
    if line.is_empty() {
        return Err(FieldError::new(FIELD, "Please write an address, such as https://example.org."));
    }
    if line.len() > MAX_TEXT_BYTES || line.chars().any(char::is_control) {
        return Err(FieldError::new(
            FIELD,
            "This is too long or has control characters; please write one address.",
        ));
    }
    let (name, settings) = match line.split_once("://") {
        Some((scheme, rest)) => with_scheme(&scheme.to_ascii_lowercase(), rest, line)?,
        None => without_scheme(line)?,
    };
    settings.validate().map_err(|errors| {
        let message = errors.first().map_or("This was not understood.", |error| error.message.as_str());
        FieldError::new(FIELD, message)
    })?;
    let name = super::evidence::clip(&name, MAX_NAME_BYTES).to_owned();
    Ok(Recognised { name, settings })
}

fn with_scheme(scheme: &str, rest: &str, line: &str) -> Result<(String, CheckSettings), FieldError> {
    match scheme {
        "http" | "https" => Ok((page_name(line), HttpSettings::get(line).into())),
        "ws" | "wss" => Ok((page_name(line), WebSocketSettings::new(line).into())),
        "tcp" => match split_port(rest.trim_end_matches('/')) {
            Some((host, port)) => Ok((host_port(host, port), TcpSettings::new(host, port).into())),
            None => Err(FieldError::new(
                FIELD,
                format!("“{line}” has no port; write it as tcp://example.org:5432."),
            )),
        },
        "ping" | "icmp" => {
            let host = bare_host(rest.trim_end_matches('/'));
            Ok((host.to_owned(), PingSettings::new(host).into()))
        }
        "tls" | "ssl" => {
            let rest = rest.trim_end_matches('/');
            let (host, port) = split_port(rest).unwrap_or((bare_host(rest), 443));
            let name = if port == 443 {
                format!("{host} certificate")
            } else {
                format!("{} certificate", host_port(host, port))
            };
            Ok((name, TlsSettings::new(host, port).into()))
        }
        "dns" => {
            let (name, record) = rest.split_once('/').unwrap_or((rest, "A"));
            let record = if record.is_empty() { "A".to_owned() } else { record.to_ascii_uppercase() };
            let Some(record_type) = RecordType::parse(&record) else {
                let known: Vec<_> = RecordType::OPTIONS.iter().map(|(value, _)| *value).collect();
                let message = format!(
                    "“{record}” is not a record type that can be checked; use one of {}.",
                    known.join(", ")
                );
                return Err(FieldError::new(FIELD, message));
            };
            Ok((format!("{name} {record}"), DnsSettings::new(name, record_type).into()))
        }
        other => {
            let message =
                format!("“{other}://” is not understood; use https, http, wss, ws, tcp, ping, dns or tls.");
            Err(FieldError::new(FIELD, message))
        }
    }
}

fn without_scheme(line: &str) -> Result<(String, CheckSettings), FieldError> {
    if let Ok(address) = bare_host(line).parse::<IpAddr>() {
        return Ok((address.to_string(), PingSettings::new(&address.to_string()).into()));
    }
    if let Some((host, port)) = split_port(line) {
        return Ok((host_port(host, port), TcpSettings::new(host, port).into()));
    }
    if let Some((scheme, rest)) = line.split_once(':')
        && SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
    {
        let scheme = scheme.to_ascii_lowercase();
        return with_scheme(&scheme, rest, &format!("{scheme}://{rest}"));
    }
    let host = line.split(['/', '?', '#', ':']).next().unwrap_or_default();
    check_host(host).map_err(|message| FieldError::new(FIELD, message))?;
    let url = format!("https://{line}");
    Ok((page_name(&url), HttpSettings::get(&url).into()))
}

/// Host and port, when there is nothing but these.
fn split_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = bare_host(host);
    // `2001:db8::1:80` is an address and not a port behind one.
    if bare.is_empty() || (bare.contains(':') && bare.len() == host.len()) {
        return None;
    }
    Some((bare, port.parse().ok().filter(|port| *port > 0)?))
}

/// Host and path of a URL, as a name.
fn page_name(text: &str) -> String {
    let Ok(url) = Url::parse(text) else { return text.to_owned() };
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{host}{port}{}", url.path().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_paste_is_understood() {
        for (line, kind, target, name) in [
            ("https://www.example.org/", "http", "https://www.example.org/", "example.org"),
            (" http://10.0.0.5:8080/health ", "http", "http://10.0.0.5:8080/health", "10.0.0.5:8080/health"),
            ("example.org", "http", "https://example.org", "example.org"),
            ("example.org/login?x=1", "http", "https://example.org/login?x=1", "example.org/login"),
            ("https://me:pw@example.org/a", "http", "https://example.org/a", "example.org/a"),
            ("wss://example.org/socket", "websocket", "wss://example.org/socket", "example.org/socket"),
            ("db.example.org:5432", "tcp", "db.example.org:5432", "db.example.org:5432"),
            ("tcp://[::1]:22", "tcp", "[::1]:22", "[::1]:22"),
            ("[2001:db8::1]:443", "tcp", "[2001:db8::1]:443", "[2001:db8::1]:443"),
            ("192.0.2.1", "ping", "192.0.2.1", "192.0.2.1"),
            ("2001:db8::1:80", "ping", "2001:db8::1:80", "2001:db8::1:80"),
            ("ping://router.lan", "ping", "router.lan", "router.lan"),
            ("dns://example.org", "dns", "example.org A", "example.org A"),
            ("dns://example.org/mx", "dns", "example.org MX", "example.org MX"),
            ("ping:router.lan", "ping", "router.lan", "router.lan"),
            ("DNS:example.org/mx", "dns", "example.org MX", "example.org MX"),
            ("tls:example.org:993", "tls", "example.org:993", "example.org:993 certificate"),
            ("wss:example.org/socket", "websocket", "wss://example.org/socket", "example.org/socket"),
            ("dns:53", "tcp", "dns:53", "dns:53"),
            ("me:pw@example.org/a", "http", "https://example.org/a", "example.org/a"),
            ("tls://example.org", "tls", "example.org:443", "example.org certificate"),
            ("tls://mail.example.org:993", "tls", "mail.example.org:993", "mail.example.org:993 certificate"),
        ] {
            let found = recognise(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(found.settings.kind().as_str(), kind, "{line}");
            // A URL with an empty path gets its slash.
            assert_eq!(found.settings.target().trim_end_matches('/'), target.trim_end_matches('/'), "{line}");
            assert_eq!(found.name, name, "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_explained() {
        for (line, part) in [
            ("", "https://example.org"),
            ("ftp://example.org", "ftp"),
            ("tcp://example.org", "no port"),
            ("dns://example.org/PTR", "record type"),
            ("what is this", "not a host"),
            ("https://", "absolute URL"),
            ("mailto:a@example.org", "mailto"),
            ("push:", "push"),
        ] {
            let error = recognise(line).unwrap_err();
            assert!(error.message.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn an_address_with_a_user_name_that_no_form_could_hold_is_refused() {
        for line in ["http://%00@a.example", "http://%20@a.example", "wss://%0a@a.example"] {
            assert!(recognise(line).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn recognising_never_panics(line in "\\PC{0,60}") {
            let _ = recognise(&line);
        }

        #[test]
        fn recognising_something_like_an_address_never_panics(
            line in "(https?|wss?|tcp|ping|dns|tls|x)?(://)?[a-z0-9.:@/\\[\\]%é-]{0,40}"
        ) {
            if let Ok(found) = recognise(&line) {
                prop_assert!(found.settings.validate().is_ok());
                let again = CheckSettings::from_form_keeping(
                    found.settings.kind(), &found.settings.to_form(), Some(&found.settings));
                prop_assert_eq!(again, Ok(found.settings));
            }
        }
    }
}
