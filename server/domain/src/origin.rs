//! Where browsers reach Pharos: scheme, host and port, without a path. Links in messages begin with it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// Names that mean something in one network only (RFC 6761, RFC 6762, RFC 8375, and what home routers are fond of).
const OF_ONE_NETWORK: [&str; 6] = [".local", ".lan", ".home", ".internal", ".home.arpa", ".test"];

/// An address such as `https://status.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Url);

/// From how far away somebody gets there; the further the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// From this machine only.
    Machine,
    /// From this network.
    Network,
    /// From everywhere, by a number that may change.
    Number,
    /// From everywhere, by its name.
    Name,
}

/// Whether a path leads to a page of ours and nowhere else, whoever resolves it: `//host` and `/\host` are other hosts to a browser, and
/// so is what becomes one when its dots are taken out, such as `/.//host`.
pub fn is_own_path(path: &str) -> bool {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if !path.starts_with('/') || path.starts_with("//") || !is_plain {
        return false;
    }
    let Ok(base) = Url::parse("http://pharos.invalid/") else { return false };
    base.join(path).is_ok_and(|url| url.origin() == base.origin() && !url.path().starts_with("//"))
}

impl Origin {
    /// As browsers write it: without a slash at the end, and without the scheme's own port.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Host and port, as in the header `Host`.
    pub fn host(&self) -> &str {
        self.as_str().split_once("://").map_or("", |(_, host)| host)
    }

    /// Whether it leads nowhere on any other machine.
    pub fn is_this_machine(&self) -> bool {
        self.reach() == Reach::Machine
    }

    /// Whether links should rather begin with this one: more people get there, or get there over TLS. One that is as good as the
    /// other is not better, so that the address does not change with whoever logged in last.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let rank = |origin: &Self| (origin.reach(), origin.0.scheme() == "https");
        rank(self) > rank(other)
    }

    fn reach(&self) -> Reach {
        match self.0.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                if name == "localhost" || name.ends_with(".localhost") {
                    Reach::Machine
                } else if !name.contains('.') || OF_ONE_NETWORK.iter().any(|end| name.ends_with(end)) {
                    Reach::Network
                } else {
                    Reach::Name
                }
            }
            Some(Host::Ipv4(address)) => reach_of(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => reach_of(IpAddr::V6(address).to_canonical()),
            None => Reach::Machine,
        }
    }
}

fn reach_of(address: IpAddr) -> Reach {
    let near = match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    if address.is_loopback() || address.is_unspecified() {
        Reach::Machine
    } else if near {
        Reach::Network
    } else {
        Reach::Number
    }
}

impl FromStr for Origin {
    type Err = String;

    /// The error is a sentence that says what would be right.
    fn from_str(text: &str) -> Result<Self, String> {
        let example = "Write an address such as https://status.example.org.";
        let url = Url::parse(text.trim()).map_err(|_| example.to_owned())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(format!("It begins with http:// or https://. {example}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("Leave out the user name and the password. {example}"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("Leave out what stands after the host. {example}"));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_that_stays_here_is_our_own() {
        for path in [
            "/",
            "/console/monitors?state=down",
            "/login?next=%2Fconsole",
            "/a//b",
            "/a/../b?c=//d",
            "/%2f%2fx",
        ] {
            assert!(is_own_path(path), "{path}");
        }
        for path in [
            "",
            "console",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/.//evil.example/x",
            "/..//evil.example",
            "/%2e//evil.example",
            "/a/..//evil.example",
            "/a/%2E.//evil.example",
            "/\tx",
            "/ä",
            "/a\r\nset-cookie: b",
        ] {
            assert!(!is_own_path(path), "{path:?}");
        }
    }

    fn origin(text: &str) -> Origin {
        text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn the_further_it_reaches_the_better_and_tls_decides_between_equals() {
        let from_worst_to_best = [
            "http://127.0.0.1:3000",
            "https://localhost",
            "http://192.168.1.7:3000",
            "https://nas.local",
            "http://203.0.113.9",
            "http://status.example.org",
            "https://status.example.org",
        ];
        for (at, worse) in from_worst_to_best.iter().enumerate() {
            for better in &from_worst_to_best[at + 1..] {
                assert!(origin(better).is_better_than(&origin(worse)), "{better} is better than {worse}");
                assert!(!origin(worse).is_better_than(&origin(better)), "{worse} is no better than {better}");
            }
        }
    }

    #[test]
    fn of_two_that_are_as_good_the_first_stays() {
        for (first, second) in [
            ("https://a.example.org", "https://b.example.org"),
            ("http://localhost:3000", "http://[::1]:3000"),
            ("http://10.0.0.1", "http://pharos:3000"),
        ] {
            assert!(!origin(second).is_better_than(&origin(first)), "{second}");
            assert!(!origin(first).is_better_than(&origin(second)), "{first}");
        }
    }

    #[test]
    fn it_is_written_as_browsers_write_it() {
        assert_eq!(origin(" https://Status.Example.org:443/ ").as_str(), "https://status.example.org");
        assert_eq!(origin("http://[::1]:3000").host(), "[::1]:3000");
        assert!(origin("http://0.0.0.0:3000").is_this_machine());
        assert!(origin("http://[::ffff:127.0.0.1]").is_this_machine());
        for wrong in [
            "",
            "status.example.org",
            "javascript:alert(1)",
            "ftp://example.org",
            "https://example.org/pharos",
            "https://example.org/?next=//evil.example",
            "https://ada:secret@example.org",
            "https://",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
