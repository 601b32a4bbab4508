//! What `url` is to each kind of check.

use std::net::Ipv6Addr;

use domain::check::CheckKind;
use domain::form::Form;

/// Puts the address into the fields that the kind has for it.
pub(super) fn put(kind: CheckKind, url: &str, form: &mut Form) {
    let mut set = |name: &str, value: &str| drop(form.insert(name.to_owned(), value.to_owned()));
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let bare = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (host, port) = match bare.rsplit_once(':') {
        // Without brackets the last group looks like a port.
        _ if bare.parse::<Ipv6Addr>().is_ok() => (bare, None),
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => {
            (host, Some(port))
        }
        _ => (bare, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match kind {
        CheckKind::Http | CheckKind::WebSocket => set("url", url),
        CheckKind::Ping => set("host", host),
        CheckKind::Dns => set("record_name", host),
        CheckKind::Tcp | CheckKind::Tls => {
            set("host", host);
            if let Some(port) = port {
                set("port", port);
            }
        }
        // Nothing is asked; the job calls us.
        CheckKind::Push => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: CheckKind, url: &str) -> Form {
        let mut form = Form::new();
        put(kind, url, &mut form);
        form
    }

    #[test]
    fn an_address_becomes_the_fields_of_its_kind() {
        let form = target(CheckKind::Tcp, "tcp://db.example.org:5432/x");
        assert_eq!((form["host"].as_str(), form["port"].as_str()), ("db.example.org", "5432"));
        let form = target(CheckKind::Tls, "https://[2001:db8::1]:8443");
        assert_eq!((form["host"].as_str(), form["port"].as_str()), ("2001:db8::1", "8443"));
        assert_eq!(target(CheckKind::Dns, "example.org")["record_name"], "example.org");
        for (address, port) in [("2001:db8::1:5", None), ("::1", None), ("[2001:db8::1:5]:443", Some("443"))]
        {
            let form = target(CheckKind::Tls, address);
            let bare = address.trim_start_matches('[').split(']').next().unwrap();
            assert_eq!((form["host"].as_str(), form.get("port").map(String::as_str)), (bare, port));
        }
        assert_eq!(target(CheckKind::Ping, "https://example.org/")["host"], "example.org");
        assert!(target(CheckKind::Push, "anything").is_empty());
    }
}
