//! http: a request, its redirects, and what came back.

use std::{collections::BTreeMap, error::Error as StdError, io, net::IpAddr};

use domain::check::{
    Blindness, Failure, Hop, HttpSettings, Outcome, Phase,
    evidence::{MAX_HEADER_VALUE_BYTES, MAX_HEADERS, clip},
    http::HttpMethod,
    redact::{is_sensitive, shown_url},
    request::Auth,
    target::bare_host,
};
use domain::{form::Choice as _, secret::MASK};
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{
        ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING,
        CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, RANGE, SET_COOKIE, USER_AGENT,
    },
};

use super::{Probe, basic_credentials, dial, http_body, trust::handshake_failure};

/// The port of a SOCKS proxy that names none (RFC 1928).
const SOCKS_PORT: u16 = 1_080;
/// The longest address that a redirect may lead to, in bytes.
const MAX_URL_BYTES: usize = 16 * 1_024;

/// The headers that go along to another origin. Any other may be a secret, whatever its name.
const KEPT_ELSEWHERE: [HeaderName; 8] = [
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    CACHE_CONTROL,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    RANGE,
    USER_AGENT,
];

/// A request, as it changes from hop to hop.
struct Request<'a> {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: &'a str,
    /// What the origin has asked to be sent along, by name: a site may redirect to itself until its cookie comes back.
    cookies: BTreeMap<String, String>,
}

/// Runs an http check.
pub(super) async fn run(settings: &HttpSettings, probe: &Probe<'_>) -> Outcome {
    let misconfigured = |message: String| Outcome::Unknown { why: Blindness::Misconfigured { message } };
    let client = match probe.shared.clients.get(settings, probe.timeout) {
        Ok(client) => client,
        Err(message) => return misconfigured(message),
    };
    let mut request = match Request::new(settings) {
        Ok(request) => request,
        Err(message) => return misconfigured(message),
    };
    probe.trace.with(|notes| notes.evidence.request = Some(request.line()));
    let mut hops = 0_u8;
    loop {
        if let Err(outcome) = judge_hop(&request.url, settings, probe) {
            return outcome;
        }
        let mut builder =
            client.request(request.method.clone(), request.url.clone()).headers(request.sent_headers());
        if !request.body.is_empty() {
            builder = builder.body(request.body.to_owned());
        }
        let response = match builder.send().await {
            Ok(response) => response,
            Err(error) => return request_outcome(&error, &dialled(&request.url, settings), probe),
        };
        note_response(&response, probe);
        let status = response.status();
        let location =
            response.headers().get(LOCATION).filter(|_| settings.max_redirects > 0 && follows(status));
        let Some(location) = location else {
            if settings.accepted_statuses.contains(status.as_u16()) {
                return http_body::judge_body(response, settings, probe).await;
            }
            let refused = Failure::HttpStatus {
                got: status.as_u16(),
                expected: settings.accepted_statuses.to_string(),
            };
            probe.trace.with(|notes| notes.on_timeout = Some(refused.clone()));
            http_body::show_body(response, probe).await;
            return Outcome::down(refused);
        };
        let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
        request.keep_cookies(response.headers());
        probe.trace.answered();
        if hops == settings.max_redirects {
            return Outcome::down(Failure::TooManyRedirects { limit: hops });
        }
        hops += 1;
        if let Err(outcome) = request.follow(status, &location) {
            return outcome;
        }
        let to = shown_url(&request.url);
        probe.trace.with(|notes| notes.evidence.redirects.push(Hop { status: status.as_u16(), to }));
    }
}

impl<'a> Request<'a> {
    fn new(settings: &'a HttpSettings) -> Result<Self, String> {
        let url = Url::parse(&settings.url).map_err(|error| format!("the URL cannot be read ({error})"))?;
        let method =
            Method::from_bytes(settings.method.as_str().as_bytes()).map_err(|error| error.to_string())?;
        let headers = headers(&settings.headers, &settings.auth)?;
        let body = if settings.method == HttpMethod::Head { "" } else { settings.body.as_str() };
        Ok(Self { url, method, headers, body, cookies: BTreeMap::new() })
    }

    fn line(&self) -> String {
        format!("{} {}", self.method, shown_url(&self.url))
    }

    /// The headers with the cookies.
    fn sent_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if !self.cookies.is_empty() {
            let own = headers.get(COOKIE).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let kept = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            let all: Vec<_> = own.into_iter().chain(kept).collect();
            if let Ok(mut value) = HeaderValue::from_str(&all.join("; ")) {
                value.set_sensitive(true);
                headers.insert(COOKIE, value);
            }
        }
        headers
    }

    /// Keeps the cookies of an answer; one that lives no longer is forgotten.
    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let ends = parts.filter_map(|part| part.split_once('=')).any(|(name, age)| {
                name.eq_ignore_ascii_case("max-age") && age.parse::<i64>().is_ok_and(|age| age <= 0)
            });
            if ends {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Goes on to where a redirect points (RFC 9110, section 15.4): 307 and 308 repeat the request, the others ask by
    /// GET. Another origin gets no header that could be a secret; the body, which is none to the form either, goes there as with curl
    /// and browsers.
    fn follow(&mut self, status: StatusCode, location: &str) -> Result<(), Outcome> {
        let bad =
            || Outcome::down(Failure::BadRedirect { location: shown_location(location, Some(&self.url)) });
        let next = self.url.join(location).map_err(|_| bad())?;
        let leads =
            matches!(next.scheme(), "http" | "https") && next.host_str().is_some_and(|host| !host.is_empty());
        if !leads || next.as_str().len() > MAX_URL_BYTES {
            return Err(bad());
        }
        if next.origin() != self.url.origin() {
            let ours: Vec<HeaderName> =
                self.headers.keys().filter(|name| !KEPT_ELSEWHERE.contains(name)).cloned().collect();
            for name in ours {
                self.headers.remove(name);
            }
            self.cookies.clear();
        }
        let repeats = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if !repeats && self.method != Method::HEAD && self.method != Method::GET {
            self.method = Method::GET;
            self.body = "";
            self.headers.remove(CONTENT_TYPE);
            self.headers.remove(CONTENT_ENCODING);
        }
        self.url = next;
        Ok(())
    }
}

/// The headers of a request, authentication included; secret values are marked, so that nothing prints them.
///
/// # Errors
/// A sentence that names the header that cannot be sent.
pub(super) fn headers(sent: &[domain::check::request::Header], auth: &Auth) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(sent.len() + 1);
    for header in sent {
        let wrong = || format!("the header {} cannot be sent", header.name);
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(header.value.expose()).map_err(|_| wrong())?;
        value.set_sensitive(header.is_sensitive());
        headers.append(name, value);
    }
    let authorization = match auth {
        Auth::None => return Ok(headers),
        Auth::Basic { username, password } => {
            format!("Basic {}", basic_credentials(username, password.expose()))
        }
        Auth::Bearer { token } => format!("Bearer {}", token.expose()),
    };
    let mut value =
        HeaderValue::from_str(&authorization).map_err(|_| "the token cannot be sent".to_owned())?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(headers)
}

/// Judges where a request goes before it goes there: an address in a URL never reaches the resolver.
///
/// Through a proxy, the proxy is what is dialled: its address is judged, by the resolver too when it has a name. Of the target is
/// judged what is known here: an address in the URL, the names of metadata services, and with `socks5` (which resolves on this
/// machine) every address of the name. What a name means to an http proxy or to `socks5h` only the proxy knows; it has to
/// have rules of its own.
fn judge_hop(url: &Url, settings: &HttpSettings, probe: &Probe<'_>) -> Result<(), Outcome> {
    let judge = |host: &str| match bare_host(host).parse::<IpAddr>() {
        Ok(address) => {
            probe.policy().judge(address).map(|()| Some(address)).map_err(|r| dial::forbidden(&address, r))
        }
        Err(_) => {
            probe.policy().judge_name(host).map(|()| None).map_err(|refusal| dial::forbidden(&host, refusal))
        }
    };
    if let Some(proxy) = settings.proxy.as_ref().and_then(|proxy| Url::parse(proxy.expose()).ok()) {
        judge(proxy.host_str().unwrap_or_default()).map_err(Outcome::down)?;
    }
    let address = judge(url.host_str().unwrap_or_default()).map_err(Outcome::down)?;
    if settings.proxy.is_some() {
        probe.trace.enter(Phase::Connect);
        return Ok(());
    }
    probe.trace.enter(if address.is_some() { Phase::Connect } else { Phase::Dns });
    if let Some(address) = address {
        probe.trace.with(|notes| notes.evidence.addresses = vec![address]);
        if !settings.ip_version.allows(address) {
            let reason = format!("it is not an IPv{} address", settings.ip_version.as_str());
            return Err(Outcome::down(Failure::DnsError { name: address.to_string(), reason }));
        }
    }
    Ok(())
}

fn follows(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where the connection goes: to the proxy, if there is one.
fn dialled(url: &Url, settings: &HttpSettings) -> String {
    let address = |url: &Url, port| {
        dial::address_of(url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(port))
    };
    match settings.proxy.as_ref().and_then(|proxy| Url::parse(proxy.expose()).ok()) {
        Some(proxy) => format!("proxy {}", address(&proxy, SOCKS_PORT)),
        None => address(url, 443),
    }
}

/// Notes status and headers of an answer; secret values are masked.
fn note_response(response: &Response, probe: &Probe<'_>) {
    let headers = shown_headers(response.headers(), Some(response.url()));
    probe.trace.with(|notes| {
        notes.evidence.status = Some(response.status().as_u16());
        notes.evidence.protocol = Some(format!("{:?}", response.version()));
        notes.evidence.remote = response.remote_addr();
        notes.evidence.headers = headers;
    });
}

/// Where a redirect points, without the secrets in it; relative ones are those of `base`.
fn shown_location(location: &str, base: Option<&Url>) -> String {
    let absolute = base.map_or_else(|| Url::parse(location), |base| base.join(location));
    let shown = match &absolute {
        Ok(url) if shown_url(url) == url.as_str() => location.to_owned(),
        Ok(url) => shown_url(url),
        // What cannot be read may hold anything: its query is left out.
        Err(_) => location.split('?').next().unwrap_or_default().to_owned(),
    };
    clip(&shown, MAX_HEADER_VALUE_BYTES).to_owned()
}

/// Headers of an answer from `base` as evidence.
pub(super) fn shown_headers(headers: &HeaderMap, base: Option<&Url>) -> Vec<(String, String)> {
    let show = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = if is_sensitive(name.as_str()) {
            MASK.to_owned()
        } else if *name == LOCATION {
            shown_location(&String::from_utf8_lossy(value.as_bytes()), base)
        } else {
            clip(&String::from_utf8_lossy(value.as_bytes()), MAX_HEADER_VALUE_BYTES).to_owned()
        };
        (name.as_str().to_owned(), value)
    };
    headers.iter().take(MAX_HEADERS).map(show).collect()
}

/// What an error of the client means. What our own hooks noted says more than the texts it hands on.
pub(super) fn request_outcome(error: &reqwest::Error, address: &str, probe: &Probe<'_>) -> Outcome {
    let (stopped, problem) = probe.trace.with(|notes| (notes.stopped.take(), notes.verdict.problem(true)));
    if let Some(outcome) = stopped {
        return outcome;
    }
    outcome_of(error, address, probe.trace.phase(), problem)
}

/// What an error of the client means for who sends a message: nothing is noted then, so the client says how far it came.
pub(crate) fn message_outcome(error: &reqwest::Error, address: &str) -> Outcome {
    let phase = if error.is_connect() {
        Phase::Connect
    } else if error.is_body() || error.is_decode() {
        Phase::Download
    } else {
        Phase::Wait
    };
    outcome_of(error, address, phase, None)
}

/// `problem` is what is wrong with the certificate.
fn outcome_of(error: &reqwest::Error, address: &str, phase: Phase, problem: Option<Failure>) -> Outcome {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    let mut reason = String::new();
    while let Some(cause) = source {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return tls_outcome(tls, problem);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            if let Some(tls) = dial::rustls_error(io) {
                return tls_outcome(tls, problem);
            }
            // What the decoders of gzip and brotli say, as opposed to a body that breaks off.
            if matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) {
                return undecodable(io);
            }
            if io.raw_os_error().is_some() || io.kind() != io::ErrorKind::Other {
                return match phase {
                    Phase::Dns | Phase::Connect => dial::connect_outcome(io, address),
                    Phase::Tls => Outcome::down(Failure::TlsError {
                        reason: "the server closed the connection".to_owned(),
                    }),
                    Phase::Wait | Phase::Download => dial::lost(phase, io),
                };
            }
        }
        reason = cause.to_string();
        source = cause.source();
    }
    Outcome::down(match phase {
        Phase::Dns | Phase::Connect => Failure::ConnectError { address: address.to_owned(), reason },
        Phase::Tls => Failure::TlsError { reason },
        Phase::Wait | Phase::Download if error.is_decode() => {
            Failure::ProtocolError { reason: format!("the body cannot be decoded ({reason})") }
        }
        Phase::Wait | Phase::Download if reason.contains("connection closed") => {
            Failure::ConnectionLost { phase, reason: "the server closed the connection".to_owned() }
        }
        Phase::Wait | Phase::Download => Failure::ProtocolError { reason },
    })
}

/// A body that is not coded as it says.
pub(super) fn undecodable(error: &io::Error) -> Outcome {
    let reason = format!("the body cannot be decoded ({})", dial::plain_reason(error));
    Outcome::down(Failure::ProtocolError { reason })
}

fn tls_outcome(error: &rustls::Error, problem: Option<Failure>) -> Outcome {
    let refused = matches!(error, rustls::Error::InvalidCertificate(_));
    Outcome::down(problem.filter(|_| refused).unwrap_or_else(|| handshake_failure(error, "TLS 1.2")))
}
