//! Who sends a request, as far as the network tells: the address, whether it came over TLS, and the host it was sent to.
//! Headers that a proxy adds are believed only when the proxy is trusted; anybody can write them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Once;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::origin::Origin;

use crate::config::{BaseUrl, Config};
use crate::router::AppState;
use crate::security;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Headers that only proxies send.
const OF_PROXIES: [HeaderName; 6] = [
    FORWARDED_FOR,
    FORWARDED_PROTO,
    FORWARDED_HOST,
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-real-ip"),
];

/// The sender of a request; stands in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Where the request came from, before trusted proxies.
    pub address: IpAddr,
    /// Whether the browser speaks TLS.
    pub https: bool,
    /// The host and port that the browser asked for, in lower case.
    pub host: Option<String>,
    /// Whether a proxy that is not trusted stands between: `address` is then its address.
    pub behind_unknown_proxy: bool,
}

impl Client {
    /// Reads what the connection and the headers say.
    pub fn new(peer: IpAddr, uri: &Uri, headers: &HeaderMap, config: &Config) -> Self {
        let trusted = &config.server.trusted_proxies;
        let peer = peer.to_canonical();
        let by_proxy = trusted.contains(peer);
        let told = |name: HeaderName| if by_proxy { last_of(headers, &name) } else { None };

        let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        // HTTP/2 sends the host as a part of the URI.
        let asked = asked.or_else(|| uri.authority().map(ToString::to_string));
        let host = told(FORWARDED_HOST).or(asked).map(|host| host.to_ascii_lowercase());
        let https = match (told(FORWARDED_PROTO), &config.server.base_url) {
            (Some(scheme), _) => scheme.eq_ignore_ascii_case("https"),
            // Behind a proxy that says nothing, the operator's word counts; but whoever comes straight to the port, by another
            // name, speaks plain HTTP, and would lose a cookie that is marked `Secure`.
            (None, Some(base)) => {
                base.is_https() && (by_proxy || peer.is_loopback() || host.as_deref() == base.host())
            }
            (None, None) => false,
        };
        let address = if by_proxy { nearest_untrusted(headers, config).unwrap_or(peer) } else { peer };
        let behind_unknown_proxy = !by_proxy && OF_PROXIES.iter().any(|name| headers.contains_key(name));
        Self { address, https, host, behind_unknown_proxy }
    }

    /// What tells clients apart when tries are counted: the address, or for IPv6 its network, because one machine has many.
    pub fn key(&self) -> String {
        match self.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }

    /// The address under which this client reaches us: what is configured, else what the request says. `None` when it names no
    /// host, or something that is none.
    pub fn base_url(&self, config: &Config) -> Option<BaseUrl> {
        let configured = config.server.base_url.clone();
        configured.or_else(|| BaseUrl::of_host(self.https, self.host.as_deref()?))
    }

    /// Where the browser is, as it and the request say; nothing when that is no host. Behind a proxy that does not say so, only the
    /// browser knows that it speaks TLS, and its word counts where it names the host that the request is for. Anybody can write
    /// both headers: good enough for whoever has just proved who they are, and for nobody else.
    pub fn origin(&self, headers: &HeaderMap) -> Option<Origin> {
        let host = self.host.as_deref()?;
        let seen = BaseUrl::of_host(self.https, host)?.as_str().parse::<Origin>().ok();
        let told =
            headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()?.parse::<Origin>().ok());
        let of_host = |told: &Origin| {
            let port = if told.as_str().starts_with("https") { ":443" } else { ":80" };
            told.host() == host.trim_end_matches(port)
        };
        told.filter(of_host).or(seen)
    }

    /// Whether the browser says that it does not speak TLS, while we think so and mark cookies `Secure`: it would drop them. For this
    /// machine by name browsers keep them.
    pub fn drops_secure_cookies(&self, headers: &HeaderMap) -> bool {
        let told = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let plain = told.and_then(|origin| origin.strip_prefix("http://"));
        self.https && plain.is_some_and(|host| !names_loopback(host))
    }

    /// Whether the request was made on this machine, and not through a proxy on it: nothing says that somebody passed it on, and it
    /// is for this machine by name. A proxy that says nothing at all cannot be told from a neighbour, so whoever runs one needs more
    /// than this.
    pub fn is_local(&self, headers: &HeaderMap) -> bool {
        let is_passed_on = OF_PROXIES.iter().any(|name| headers.contains_key(name));
        self.address.is_loopback() && !is_passed_on && self.host.as_deref().is_some_and(names_loopback)
    }
}

/// Adds the [`Client`] to the request.
pub(crate) async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // Without a connection (a test that calls the router itself) nobody is local.
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let client = Client::new(peer, request.uri(), request.headers(), &state.config);
    if client.behind_unknown_proxy {
        static TOLD: Once = Once::new();
        TOLD.call_once(|| {
            tracing::warn!(
                proxy = %client.address,
                "a request came through a proxy that is not trusted, so everybody behind it counts as one client, and is let in \
                 or kept out together; name it in server.trusted_proxies"
            );
        });
    }
    let https = client.https;
    request.extensions_mut().insert(client);
    let mut response = next.run(request).await;
    security::add_headers(response.headers_mut(), https);
    response
}

/// Whether a host, with or without a port, is this machine by name.
pub(crate) fn names_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The last value: the one that the nearest proxy wrote.
fn last_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Each proxy appends the address it was called from, so the list is read from its end: the first one that is no trusted proxy.
fn nearest_untrusted(headers: &HeaderMap, config: &Config) -> Option<IpAddr> {
    let values: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    let mut farthest = None;
    for value in values.into_iter().rev() {
        let Some(address) = address_of(value.trim()) else { break };
        farthest = Some(address);
        if !config.server.trusted_proxies.contains(address) {
            break;
        }
    }
    farthest
}

/// An address, which some proxies write with a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn config(pairs: &[(&str, &str)]) -> Config {
        let flags = pairs
            .iter()
            .map(|(key, value)| (String::new(), (*key).to_owned(), (*value).to_owned()))
            .collect();
        Config::load(&Sources { flags, ..Sources::default() }).unwrap()
    }

    fn client(peer: &str, headers: &[(&'static str, &str)], config: &Config) -> Client {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Client::new(peer.parse().unwrap(), &Uri::from_static("/"), &headers, config)
    }

    #[test]
    fn a_stranger_cannot_pretend_to_be_somebody_else() {
        let headers =
            [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https"), ("host", "A.example:80")];
        let seen = client("203.0.113.9", &headers, &config(&[("server.trusted_proxies", "private")]));
        assert_eq!(seen.address, "203.0.113.9".parse::<IpAddr>().unwrap());
        assert!(!seen.https && !seen.address.is_loopback());
        assert_eq!(seen.host.as_deref(), Some("a.example:80"));
    }

    #[test]
    fn behind_trusted_proxies_the_nearest_stranger_counts() {
        let config = config(&[("server.trusted_proxies", "10.0.0.0/8")]);
        let headers = [
            ("x-forwarded-for", "198.51.100.1, 203.0.113.7, 10.0.0.5"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "status.example.org"),
            ("host", "pharos:3000"),
        ];
        let seen = client("10.0.0.1", &headers, &config);
        assert_eq!(seen.address, "203.0.113.7".parse::<IpAddr>().unwrap());
        assert!(seen.https);
        assert_eq!(seen.host.as_deref(), Some("status.example.org"));
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_make_everybody_local() {
        let is_local = |peer: &str, headers: &[(&'static str, &str)]| {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            client(peer, headers, &config(&[])).is_local(&map)
        };
        for host in [
            "localhost",
            "localhost:3000",
            "127.0.0.1:3000",
            "127.8.8.8",
            "[::1]:3000",
            "[::1]",
            "LOCALHOST:1",
        ] {
            assert!(is_local("127.0.0.1", &[("host", host)]), "{host}");
            assert!(!is_local("203.0.113.7", &[("host", host)]), "{host}");
        }
        for host in [
            "status.example.org",
            "localhost.example.org",
            "10.0.0.1:3000",
            "[2001:db8::1]",
            "127.0.0.1.example",
            "",
        ] {
            assert!(!is_local("::1", &[("host", host)]), "{host}");
        }
        assert!(!is_local("127.0.0.1", &[]), "no host");
        for name in
            ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "via", "forwarded"]
        {
            assert!(!is_local("127.0.0.1", &[("host", "localhost"), (name, "127.0.0.1")]), "{name}");
        }
    }

    #[test]
    fn a_base_url_with_https_holds_for_its_own_name_and_not_for_the_bare_port() {
        let config = config(&[("server.base_url", "https://status.example.org")]);
        assert!(client("172.17.0.1", &[("host", "status.example.org")], &config).https);
        assert!(client("127.0.0.1", &[("host", "localhost:3000")], &config).https);
        assert!(!client("192.168.1.7", &[("host", "192.168.1.2:3000")], &config).https);
    }

    #[test]
    fn a_browser_over_plain_http_drops_secure_cookies_except_of_its_own_machine() {
        let config = config(&[("server.base_url", "https://status.example.org")]);
        let drops = |peer: &str, host: &str, origin: &str| {
            let headers: HeaderMap = [(header::HOST, host), (header::ORIGIN, origin)]
                .into_iter()
                .map(|(name, value)| (name, value.parse().unwrap()))
                .collect();
            Client::new(peer.parse().unwrap(), &Uri::from_static("/"), &headers, &config)
                .drops_secure_cookies(&headers)
        };
        assert!(drops("127.0.0.1", "pharos.lan:3000", "http://pharos.lan:3000"));
        assert!(drops("192.168.1.7", "status.example.org", "http://status.example.org"));
        assert!(!drops("127.0.0.1", "status.example.org", "https://status.example.org"));
        assert!(!drops("127.0.0.1", "localhost:3000", "http://localhost:3000"));
        assert!(!drops("127.0.0.1", "pharos.lan", "null"));
        assert!(
            !drops("192.168.1.7", "pharos.lan:3000", "http://pharos.lan:3000"),
            "its cookie is not Secure"
        );
    }

    #[test]
    fn the_browser_knows_its_scheme_where_it_names_the_host_that_was_asked_for() {
        let origin = |host: &str, origin: &str| {
            let headers = [("host", host), ("origin", origin)];
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            let seen =
                Client::new("10.0.0.1".parse().unwrap(), &Uri::from_static("/"), &headers, &config(&[]));
            seen.origin(&headers).map(|origin| origin.to_string())
        };
        let is = |host, told, expected: &str| assert_eq!(origin(host, told).as_deref(), Some(expected));
        is("status.example.org", "https://status.example.org", "https://status.example.org");
        is("status.example.org:443", "https://status.example.org", "https://status.example.org");
        is("status.example.org:8443", "https://status.example.org:8443", "https://status.example.org:8443");
        is("pharos:3000", "https://status.example.org", "http://pharos:3000");
        is("pharos:3000", "null", "http://pharos:3000");
        assert_eq!(origin("a.example/x", "https://a.example"), None);
    }

    #[test]
    fn our_own_address_is_the_configured_one_or_the_one_that_was_asked_for() {
        let own = |headers: &[(&'static str, &str)], config: &Config| {
            client("10.0.0.1", headers, config).base_url(config).map(|base| base.as_str().to_owned())
        };
        let bare = config(&[]);
        assert_eq!(own(&[("host", "a.example:3000")], &bare).as_deref(), Some("http://a.example:3000"));
        assert_eq!(own(&[("host", "a.example/x")], &bare), None);
        assert_eq!(own(&[], &bare), None);
        let proxied = config(&[("server.trusted_proxies", "private")]);
        let headers =
            [("x-forwarded-proto", "https"), ("x-forwarded-host", "b.example"), ("host", "pharos:3000")];
        assert_eq!(own(&headers, &proxied).as_deref(), Some("https://b.example"));
        let configured = config(&[("server.base_url", "https://status.example.org/")]);
        assert_eq!(own(&headers, &configured).as_deref(), Some("https://status.example.org"));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_client() {
        let config = config(&[]);
        assert_eq!(client("2001:db8::1", &[], &config).key(), client("2001:db8::ffff", &[], &config).key());
        assert_ne!(client("2001:db8::1", &[], &config).key(), client("2001:db8:0:1::1", &[], &config).key());
    }
}
