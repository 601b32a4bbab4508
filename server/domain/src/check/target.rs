//! Hosts, ports and the bytes that are sent to them: what several kinds share.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::{
    choices,
    form::{FieldError, MAX_TEXT_BYTES},
};

choices! {
    /// Which addresses of a name are tried.
    IpVersion {
        /// Whatever the name resolves to.
        Any = "any", "IPv4 or IPv6";
        /// IPv4 only.
        V4 = "4", "IPv4 only";
        /// IPv6 only.
        V6 = "6", "IPv6 only";
    }
}

impl IpVersion {
    /// Whether an address is of this version.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// The default of a version in stored settings that lack it.
pub(super) fn any_version() -> IpVersion {
    IpVersion::Any
}

/// The default of a switch in stored settings that lack it.
pub(super) fn yes() -> bool {
    true
}

/// Judges a host: a name by the rules of RFC 1123 (underscores allowed, as DNS does) or an IP address.
///
/// # Errors
/// A sentence that says what is wrong and how it should look.
pub fn check_host(host: &str) -> Result<(), String> {
    const SHAPE: &str = "write a name such as example.org or an address such as 192.0.2.1 or 2001:db8::1";
    if bare_host(host).parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if host.contains("://") || host.contains('/') {
        return Err(format!("“{host}” is a URL; {SHAPE}, without https:// and without a path."));
    }
    if host.contains(':') {
        return Err(format!("“{host}” has a port or is no IPv6 address; {SHAPE}."));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    // A last label of digits is a mistyped IPv4 address: no top-level domain looks so.
    let digits = name.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    if name.is_empty() || name.len() > 253 || digits || !name.split('.').all(label) {
        return Err(format!("“{host}” is not a host; {SHAPE}."));
    }
    Ok(())
}

/// Adds an error when the host is not one; an empty one counts as missing.
pub(super) fn examine_host(field: &str, host: &str, errors: &mut Vec<FieldError>) {
    if host.is_empty() {
        errors.push(FieldError::new(field, "Please fill this in."));
    } else if let Err(message) = check_host(host) {
        errors.push(FieldError::new(field, message));
    }
}

/// A host without the brackets that an IPv6 address has in URLs.
pub fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// `host:port`, an IPv6 address in brackets.
pub fn host_port(host: &str, port: u16) -> String {
    let host = bare_host(host);
    if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Reads a resolver: an IP address with or without a port (53).
pub fn parse_resolver(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| bare_host(text).parse().ok().map(|ip| SocketAddr::new(ip, 53)))
}

/// The bytes of a text with escapes: `\r \n \t \0 \\` and `\xHH`.
///
/// # Errors
/// A sentence that names the escape that is not known.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let Some(letter) = escape.chars().next() else {
            return Err("A backslash at the end escapes nothing; write \\\\ for a backslash.".to_owned());
        };
        let mut used = 1;
        match letter {
            'r' => bytes.push(b'\r'),
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            '0' => bytes.push(0),
            '\\' => bytes.push(b'\\'),
            'x' => match escape.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(byte) => {
                    bytes.push(byte);
                    used = 3;
                }
                None => return Err("\\x needs two hexadecimal digits, such as \\x1b.".to_owned()),
            },
            other => {
                return Err(format!("\\{other} is not an escape; known are \\r \\n \\t \\0 \\\\ and \\xHH."));
            }
        }
        rest = &escape[used..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Adds errors for a text to send or expect.
pub(super) fn examine_escaped(field: &str, text: Option<&str>, errors: &mut Vec<FieldError>) {
    let Some(text) = text else { return };
    if text.len() > MAX_TEXT_BYTES {
        errors.push(FieldError::new(
            field,
            format!("This is longer than {MAX_TEXT_BYTES} bytes; please shorten it."),
        ));
    } else if let Err(message) = unescape(text) {
        errors.push(FieldError::new(field, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_what_is_none() {
        for host in [
            "example.org",
            "localhost",
            "192.0.2.1",
            "::1",
            "[::1]",
            "_dmarc.example.org",
            "bücher.example",
            "a.b.",
        ] {
            assert!(check_host(host).is_ok(), "{host}");
        }
        for host in ["https://example.org", "a/b", "a:80", "-a.b", "a..b", "a b", "1.2.3", "999.1.1.1", "."] {
            assert!(check_host(host).unwrap_err().contains("192.0.2.1"), "{host}");
        }
    }

    #[test]
    fn escapes_become_bytes() {
        assert_eq!(unescape(r"PING\r\n\x00\\é").unwrap(), b"PING\r\n\0\\\xc3\xa9");
        for text in [r"a\", r"\q", r"\x1", r"\xé1"] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_resolver_is_an_address_with_or_without_a_port() {
        assert_eq!(parse_resolver("9.9.9.9").unwrap().to_string(), "9.9.9.9:53");
        assert_eq!(parse_resolver("[2620:fe::fe]:5353").unwrap().to_string(), "[2620:fe::fe]:5353");
        assert_eq!(parse_resolver("2620:fe::fe").unwrap().port(), 53);
        assert_eq!(parse_resolver("dns.example.org"), None);
    }
}
