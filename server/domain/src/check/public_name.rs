//! What the public reads of a pasted address, until an operator writes something better: never the address itself.
//!
//! A status page names services, and says nothing of how they are reached: no query, no credentials, no IP address, no domain
//! that only exists inside of a network. Port and path come in only where two names would be the same without them.

use std::collections::HashSet;
use std::net::IpAddr;

use url::Url;

use super::{CheckSettings, target::bare_host};
use crate::form::Choice as _;

/// The longest name, in bytes: far below what a component's name may have, because it stands in headlines.
const MAX_BYTES: usize = 60;
/// Parts of a path that are longer are no words, in bytes: tokens and ids.
const MAX_WORD: usize = 24;
/// What names end with that no resolver out there knows (RFC 6762, RFC 8375, RFC 9476 and custom).
const INTERNAL: [&str; 10] = [
    ".local",
    ".localdomain",
    ".lan",
    ".internal",
    ".intranet",
    ".corp",
    ".home.arpa",
    ".home",
    ".private",
    ".svc",
];

/// A name for each check, in their order; no two are the same, and none is one of `taken`.
pub fn public_names(checks: &[&CheckSettings], taken: &[String]) -> Vec<String> {
    let ladders: Vec<Vec<String>> = checks.iter().map(|check| ladder(check)).collect();
    let mut used: HashSet<String> = taken.iter().map(|name| name.to_lowercase()).collect();
    let mut rungs = vec![0; ladders.len()];
    // Each that has a twin says more of itself, as long as it has more to say.
    loop {
        let names: Vec<Option<String>> = ladders
            .iter()
            .zip(&rungs)
            .map(|(ladder, rung)| ladder.get(*rung).map(|name| name.to_lowercase()))
            .collect();
        let is_twin = |place: usize| {
            names[place].as_ref().is_some_and(|name| {
                used.contains(name) || names.iter().filter(|other| other.as_ref() == Some(name)).count() > 1
            })
        };
        let climbing: Vec<usize> = (0..ladders.len())
            .filter(|place| rungs[*place] + 1 < ladders[*place].len() && is_twin(*place))
            .collect();
        if climbing.is_empty() {
            break;
        }
        for place in climbing {
            rungs[place] += 1;
        }
    }
    let name = |((check, ladder), rung): ((&&CheckSettings, &Vec<String>), &usize)| {
        let (base, mut number) = match ladder.get(*rung) {
            Some(name) if used.insert(name.to_lowercase()) => return name.clone(),
            Some(name) => (name.as_str(), 2),
            None => (noun(check), 1),
        };
        loop {
            let name = format!("{base} {number}");
            if used.insert(name.to_lowercase()) {
                return name;
            }
            number += 1;
        }
    };
    checks.iter().zip(&ladders).zip(&rungs).map(name).collect()
}

/// What is said of a check, from the least on; nothing when even the host is nobody's business.
fn ladder(check: &CheckSettings) -> Vec<String> {
    let mut ladder = match check {
        CheckSettings::Http(settings) => of_url(&settings.url),
        CheckSettings::WebSocket(settings) => of_url(&settings.url),
        CheckSettings::Tcp(settings) => {
            of_host(&settings.host, |host| vec![format!("{host}:{}", settings.port)])
        }
        CheckSettings::Ping(settings) => of_host(&settings.host, |host| vec![format!("{host} ping")]),
        CheckSettings::Dns(settings) => of_host(&settings.name, |host| {
            vec![format!("{host} DNS"), format!("{host} DNS {}", settings.record_type.as_str())]
        }),
        CheckSettings::Tls(settings) => of_host(&settings.host, |host| {
            vec![format!("{host} certificate"), format!("{host}:{} certificate", settings.port)]
        }),
        CheckSettings::Push(_) => Vec::new(),
    };
    ladder.retain(|name| name.len() <= MAX_BYTES);
    ladder.dedup();
    ladder
}

/// What something is called that cannot be named by its host.
fn noun(check: &CheckSettings) -> &'static str {
    match check {
        CheckSettings::Http(_) => "Website",
        CheckSettings::WebSocket(_) | CheckSettings::Tcp(_) => "Service",
        CheckSettings::Ping(_) => "Server",
        CheckSettings::Dns(_) => "DNS",
        CheckSettings::Tls(_) => "Certificate",
        CheckSettings::Push(_) => "Job",
    }
}

fn of_host(host: &str, more: impl FnOnce(&str) -> Vec<String>) -> Vec<String> {
    let Some(name) = spoken(host) else { return Vec::new() };
    let more = more(&name);
    std::iter::once(name).chain(more).collect()
}

fn of_url(url: &str) -> Vec<String> {
    let Ok(url) = Url::parse(url) else { return Vec::new() };
    let host = url.host_str().unwrap_or_default();
    of_host(host, |name| {
        let path = url.path().trim_end_matches('/');
        let path = if path.split('/').all(|word| word.len() <= MAX_WORD) { path } else { "" };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let mut more = vec![format!("{name}{path}"), format!("{name}{port}{path}")];
        if is_www(host) {
            more.push(format!("{host}{port}{path}"));
        }
        more
    })
}

/// A host as the public may read it: without `www.`, and of a name inside of a network the first word alone; `None` for
/// addresses and for this machine itself.
fn spoken(host: &str) -> Option<String> {
    let host = bare_host(host).trim_end_matches('.').to_ascii_lowercase();
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    let name = if is_www(&host) { &host["www.".len()..] } else { &host };
    let name =
        if INTERNAL.iter().any(|ending| name.ends_with(ending)) { name.split('.').next()? } else { name };
    Some(name.to_owned()).filter(|name| !name.is_empty() && name != "localhost")
}

/// Whether something is left behind the `www.`.
fn is_www(host: &str) -> bool {
    host.strip_prefix("www.").is_some_and(|rest| rest.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{PushSettings, recognise};

    fn names(lines: &[&str], taken: &[&str]) -> Vec<String> {
        let checks: Vec<CheckSettings> = lines.iter().map(|line| recognise(line).unwrap().settings).collect();
        let taken: Vec<String> = taken.iter().map(|name| (*name).to_owned()).collect();
        public_names(&checks.iter().collect::<Vec<_>>(), &taken)
    }

    #[test]
    fn a_service_is_named_by_its_host() {
        for (line, name) in [
            ("https://shop.example.com/health?x=1", "shop.example.com"),
            ("https://me:pw@www.example.org:8443/a#b", "example.org"),
            ("https://www.Example.ORG", "example.org"),
            ("wss://live.example.org/socket", "live.example.org"),
            ("db.example.org:5432", "db.example.org"),
            ("ping://router.lan", "router"),
            ("http://shop.prod.svc.cluster.local:8080/ready", "shop"),
            ("dns://example.org/mx", "example.org"),
            ("tls://mail.example.org:993", "mail.example.org"),
            ("https://www.org", "www.org"),
        ] {
            assert_eq!(names(&[line], &[]), [name], "{line}");
        }
    }

    #[test]
    fn an_address_is_nobodys_business() {
        let lines = [
            "http://10.0.0.5:8080/health",
            "https://192.0.2.7",
            "tcp://[::1]:22",
            "192.168.1.1",
            "http://localhost:3000",
            "tls://[2001:db8::1]:443",
        ];
        assert_eq!(
            names(&lines, &[]),
            ["Website 1", "Website 2", "Service 1", "Server 1", "Website 3", "Certificate 1"]
        );
        let push: CheckSettings = PushSettings::every(60, 10).into();
        assert_eq!(public_names(&[&push], &["job 1".to_owned()]), ["Job 2"]);
    }

    #[test]
    fn port_and_path_tell_two_apart_and_nothing_else() {
        let lines = ["https://a.example/shop?x=1", "https://a.example/mail", "https://b.example/shop"];
        assert_eq!(names(&lines, &[]), ["a.example/shop", "a.example/mail", "b.example"]);
        let lines = ["https://a.example", "https://a.example:8443", "https://a.example/shop/"];
        assert_eq!(names(&lines, &[]), ["a.example", "a.example:8443", "a.example/shop"]);
        let lines =
            ["https://a.example", "a.example:5432", "ping:a.example", "tls:a.example", "dns:a.example"];
        assert_eq!(
            names(&lines, &[]),
            ["a.example", "a.example:5432", "a.example ping", "a.example certificate", "a.example DNS"]
        );
        assert_eq!(
            names(&["https://www.a.example", "https://a.example"], &[]),
            ["www.a.example", "a.example"]
        );
    }

    #[test]
    fn what_cannot_be_told_apart_is_numbered() {
        let lines = ["https://a.example/?x=1", "https://a.example/?x=2", "http://a.example"];
        assert_eq!(names(&lines, &[]), ["a.example", "a.example 2", "a.example 3"]);
        assert_eq!(
            names(&["https://a.example/shop"], &["A.example", "a.example/Shop"]),
            ["a.example/shop 2"]
        );
        // A token stays out of the name.
        let token = ["https://a.example/hooks/8f14e45fceea167a5a36dedd4bea2543", "https://a.example"];
        assert_eq!(names(&token, &[]), ["a.example", "a.example 2"]);
    }
}
