//! The cookies of one run. They live through the steps of a message and no longer, so dates do not matter; whom they are for does.

use reqwest::Url;

/// A cookie and who set it.
#[derive(Clone, Debug)]
struct Cookie {
    host: String,
    /// Whether it came over TLS and so must not leave without.
    secure: bool,
    name: String,
    value: String,
}

/// Cookies by host.
#[derive(Debug, Default)]
pub(super) struct Jar(Vec<Cookie>);

impl Jar {
    /// Keeps what an answer set.
    pub(super) fn keep<'a>(&mut self, url: &Url, set: impl Iterator<Item = (&'a str, &'a str)>) {
        let host = url.host_str().unwrap_or_default();
        for (name, value) in set {
            self.0.retain(|known| known.host != host || known.name != name);
            self.0.push(Cookie {
                host: host.to_owned(),
                secure: url.scheme() == "https",
                name: name.to_owned(),
                value: value.to_owned(),
            });
        }
    }

    /// The cookies for a request: those that the same host set, as no other has a right to them.
    pub(super) fn of(&self, url: &Url) -> Vec<(String, String)> {
        let host = url.host_str().unwrap_or_default();
        let fits = |cookie: &&Cookie| cookie.host == host && (!cookie.secure || url.scheme() == "https");
        self.0.iter().filter(fits).map(|cookie| (cookie.name.clone(), cookie.value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_back_only_to_the_host_that_set_it() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut jar = Jar::default();
        jar.keep(&url("https://a.example/x"), [("sid", "1"), ("sid", "2"), ("b", "")].into_iter());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(jar.of(&url("https://a.example:8443/")), [pair("sid", "2"), pair("b", "")]);
        assert_eq!(jar.of(&url("http://a.example/")), []);
        assert_eq!(jar.of(&url("https://b.example/")), []);
    }
}
