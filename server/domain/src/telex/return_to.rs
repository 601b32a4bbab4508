//! Where results may be posted. The address comes with a call that nobody signs, so whoever can call `/tick` could make this
//! machine post anywhere: only hosts that are known are posted to.

use std::str::FromStr;

use url::Url;

use crate::check::evidence::clip;

/// The longest address that is taken, in bytes.
const MAX_URL: usize = 2_000;
/// The word for any host.
const ANY: &str = "*";
/// What such an address looks like.
const SHAPE: &str = "it should look like https://ping.telex.im/v1/return/<channel-id>";

/// The hosts that results may be posted to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnHosts {
    any: bool,
    known: Vec<(String, u16)>,
}

impl ReturnHosts {
    /// Judges the address that came with a call; `plain` also takes http, for a test bench.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn judge(&self, text: &str, plain: bool) -> Result<Url, String> {
        if text.len() > MAX_URL {
            return Err(format!("this is longer than {MAX_URL} bytes; {SHAPE}"));
        }
        let url =
            Url::parse(text).map_err(|error| format!("this is not an absolute URL ({error}); {SHAPE}"))?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(format!("this has no host; {SHAPE}"));
        };
        if url.scheme() != "https" && !(plain && url.scheme() == "http") {
            return Err(format!("results are posted over https only; {SHAPE}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("name and password do not belong into it; {SHAPE}"));
        }
        if self.any || self.known.iter().any(|(known, at)| known == host && *at == port) {
            return Ok(url);
        }
        let allowed = self.known.iter().map(|(host, port)| shown(host, *port)).collect::<Vec<_>>();
        let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
        Err(format!("results are not posted to {}; allowed: {allowed}", clip(&shown(host, port), 100)))
    }
}

impl FromStr for ReturnHosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut hosts = Self::default();
        for word in text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()) {
            if word == ANY {
                hosts.any = true;
                continue;
            }
            let wrong =
                || format!("“{word}” is not a host; write for example ping.telex.im, or host:port, or {ANY}");
            let url = Url::parse(&format!("https://{word}")).map_err(|_| wrong())?;
            let bare = url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none();
            match (url.host_str(), url.port_or_known_default()) {
                (Some(host), Some(port)) if bare && !word.contains(['/', '*']) => {
                    hosts.known.push((host.to_owned(), port));
                }
                _ => return Err(wrong()),
            }
        }
        Ok(hosts)
    }
}

fn shown(host: &str, port: u16) -> String {
    if port == 443 { host.to_owned() } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(hosts: &str, url: &str) -> Result<Url, String> {
        hosts.parse::<ReturnHosts>().unwrap().judge(url, false)
    }

    #[test]
    fn only_known_hosts_are_posted_to() {
        let telex = "ping.telex.im";
        assert!(judge(telex, "https://ping.telex.im/v1/return/x").is_ok());
        assert!(judge(telex, "https://PING.telex.im:443/v1/return/x").is_ok());
        for url in [
            "https://evil.example/v1/return/x",
            "https://ping.telex.im.evil.example/",
            "https://ping.telex.im:8443/",
            "https://ping.telex.im./",
            "https://evil.example\\@ping.telex.im/",
            "https://127.0.0.1/",
            "https://[::1]/",
        ] {
            let refused = judge(telex, url).unwrap_err();
            assert!(refused.ends_with("allowed: ping.telex.im"), "{url}: {refused}");
        }
    }

    #[test]
    fn an_address_must_be_https_without_credentials() {
        for url in [
            "",
            "/v1/return/x",
            "http://ping.telex.im/",
            "ftp://ping.telex.im/",
            "https://a:b@ping.telex.im/",
        ] {
            let refused = judge("ping.telex.im", url).unwrap_err();
            assert!(refused.contains("https://ping.telex.im"), "{url}: {refused}");
        }
        let hosts: ReturnHosts = "127.0.0.1:8080".parse().unwrap();
        assert!(hosts.judge("http://127.0.0.1:8080/x", true).is_ok());
        assert!(hosts.judge("http://127.0.0.1:8080/x", false).is_err());
        assert!(hosts.judge("http://127.0.0.1:8081/x", true).is_err());
    }

    #[test]
    fn the_list_names_hosts_and_nothing_else() {
        assert!(judge("*", "https://anywhere.example/").is_ok());
        assert!(judge("", "https://anywhere.example/").unwrap_err().ends_with("allowed: none"));
        for wrong in
            ["https://ping.telex.im", "ping.telex.im/v1", "a:b@c.example", "a.example?x", "*.telex.im"]
        {
            assert!(wrong.parse::<ReturnHosts>().is_err(), "{wrong}");
        }
    }
}
