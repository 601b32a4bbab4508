//! http: a web page or an API.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    ClientCertificate, KindSettings,
    assertion::Assertion,
    client_certificate,
    elsewhere::{self, Way},
    read_form,
    redact::shown_url,
    request::{self, Auth, Header},
    rules::BodyRules,
    statuses::StatusRanges,
    target::{IpVersion, any_version, yes},
};
use crate::{
    choices,
    form::{Choice as _, Field, FieldError, FieldKind, Form},
    secret::{MASK, Secret},
};

/// The most redirects that may be followed.
pub const MAX_REDIRECTS: u8 = 20;
/// The most of a body that may be read, in kB (1,024 bytes): 16 MB hold any answer worth judging.
pub const MAX_BODY_KB: u32 = 16_384;
const MAX_ASSERTIONS: usize = 50;
const PROXY_SCHEMES: &[&str] = &["http", "https", "socks5", "socks5h"];

choices! {
    /// The method of a request.
    HttpMethod {
        /// GET
        Get = "GET", "GET";
        /// HEAD
        Head = "HEAD", "HEAD";
        /// POST
        Post = "POST", "POST";
        /// PUT
        Put = "PUT", "PUT";
        /// PATCH
        Patch = "PATCH", "PATCH";
        /// DELETE
        Delete = "DELETE", "DELETE";
        /// OPTIONS
        Options = "OPTIONS", "OPTIONS";
    }
}

/// The settings of an http check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpSettings {
    /// The absolute URL, without credentials.
    pub url: String,
    /// The method.
    pub method: HttpMethod,
    /// Headers to send.
    pub headers: Vec<Header>,
    /// The body to send; empty for none.
    pub body: String,
    /// How to authenticate.
    pub auth: Auth,
    /// How many redirects are followed; 0 judges the redirect itself.
    pub max_redirects: u8,
    /// The statuses that count as up.
    pub accepted_statuses: StatusRanges,
    /// What the body must contain.
    pub keyword: Option<String>,
    /// What the body must not contain.
    pub absent_keyword: Option<String>,
    /// What the body must match.
    pub regex: Option<String>,
    /// What values in a JSON body must be.
    pub assertions: Vec<Assertion>,
    /// Whether the certificate must be valid.
    #[serde(default = "yes")]
    pub verify_tls: bool,
    /// The certificate that is shown to the server.
    pub client_certificate: Option<ClientCertificate>,
    /// Which addresses are tried.
    #[serde(default = "any_version")]
    pub ip_version: IpVersion,
    /// The proxy to go through; may have credentials.
    pub proxy: Option<Secret>,
    /// How much of the body is read, in kB.
    pub body_limit_kb: u32,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: HttpMethod::Get,
            headers: Vec::new(),
            body: String::new(),
            auth: Auth::None,
            max_redirects: 10,
            accepted_statuses: StatusRanges::default(),
            keyword: None,
            absent_keyword: None,
            regex: None,
            assertions: Vec::new(),
            verify_tls: true,
            client_certificate: None,
            ip_version: IpVersion::Any,
            proxy: None,
            body_limit_kb: 1_024,
        }
    }
}

impl HttpSettings {
    /// A GET of this URL with the defaults; credentials in the URL become basic authentication.
    pub fn get(url: &str) -> Self {
        let (url, auth) = request::take_credentials(url).unwrap_or_else(|| (url.to_owned(), Auth::None));
        Self { url, auth, ..Self::default() }
    }

    /// The rules over the body.
    ///
    /// # Errors
    /// The rules that cannot be compiled.
    pub fn body_rules(&self) -> Result<BodyRules, Vec<FieldError>> {
        BodyRules::compile(
            self.keyword.as_deref(),
            self.absent_keyword.as_deref(),
            self.regex.as_deref(),
            &self.assertions,
        )
    }

    fn way(&self) -> Way<'_> {
        Way { url: &self.url, proxy: self.proxy.as_ref(), verify_tls: self.verify_tls }
    }

    fn shown_proxy(&self) -> String {
        self.proxy.as_ref().map(|proxy| masked_proxy(proxy.expose())).unwrap_or_default()
    }
}

impl KindSettings for HttpSettings {
    const LABEL: &'static str = "HTTP(S)";
    const DESCRIPTION: &'static str = "A web page or an API: status, content, speed and certificate.";
    const ICON: &'static str = "globe";
    const FIELDS: &'static [Field] = &[
        Field::new("url", "URL", FieldKind::Url).required().placeholder("https://example.org/health"),
        Field::new("method", "Method", FieldKind::Select(HttpMethod::OPTIONS)).default("GET").advanced(),
        request::HEADERS,
        Field::new("body", "Body", FieldKind::TextArea).help("Sent with the request; set Content-Type as a header.").advanced(),
        request::AUTH,
        request::USERNAME,
        request::PASSWORD,
        request::TOKEN,
        Field::new("max_redirects", "Redirects to follow", FieldKind::Number { min: 0, max: MAX_REDIRECTS as i64, unit: "" })
            .default("10")
            .help("0 judges the redirect itself. Headers that may be secret do not go along to another site; after 307 or 308 the body does.")
            .advanced(),
        Field::new("accepted_statuses", "Accepted statuses", FieldKind::Text).default("200-299").placeholder("200-299,301"),
        Field::new("keyword", "Must contain", FieldKind::Text).help("A text that the answer must contain."),
        Field::new("absent_keyword", "Must not contain", FieldKind::Text).help("A text that the answer must not contain.").advanced(),
        Field::new("regex", "Must match", FieldKind::Text).placeholder("version: [0-9]+").help("A regular expression.").advanced(),
        Field::new("assertions", "JSON assertions", FieldKind::Lines)
            .placeholder("$.status equals ok")
            .help("One a line: JSONPath, operator, value. Operators: equals notEquals contains startsWith endsWith matches exists notExists lessThan lessThanOrEqual greaterThan greaterThanOrEqual.")
            .advanced(),
        Field::new("verify_tls", "Check the certificate", FieldKind::Checkbox).default("true").advanced(),
        client_certificate::CERTIFICATE_FIELD,
        client_certificate::KEY_FIELD,
        Field::new("ip_version", "IP version", FieldKind::Select(IpVersion::OPTIONS)).default("any").advanced(),
        Field::new("proxy", "Proxy", FieldKind::Text).placeholder("http://proxy.example.org:3128").help("http, https, socks5 or socks5h. All but socks5 look up the host of the URL themselves: which networks may be checked is then up to the proxy.").advanced(),
        Field::new("body_limit_kb", "Body limit", FieldKind::Number { min: 1, max: MAX_BODY_KB as i64, unit: "kB" })
            .default("1024")
            .help("No more of the answer is read.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let mut auth = request::read_auth(reader, old.map(|old| &old.auth));
            let mut url = reader.text("url");
            let proxy = reader.optional_text("proxy").map(|sent| match old {
                Some(old) if sent == old.shown_proxy() => old.proxy.clone().unwrap_or_default(),
                _ => Secret::new(sent),
            });
            let verify_tls = reader.checkbox("verify_tls");
            let before = old.map(|old| (old.way(), old.headers.as_slice()));
            let now = Way { url: &url, proxy: proxy.as_ref(), verify_tls };
            elsewhere::refuse(reader, before, now, &auth);
            if let (Some((bare, pasted)), Auth::None) = (request::take_credentials(&url), &auth) {
                (url, auth) = (bare, pasted);
            }
            let accepted = reader.text("accepted_statuses").parse().unwrap_or_else(|message: String| {
                reader.error("accepted_statuses", message);
                StatusRanges::default()
            });
            let mut assertions = Vec::new();
            for line in reader.lines("assertions") {
                match Assertion::parse_line(&line) {
                    Ok(assertion) => assertions.push(assertion),
                    Err(message) => reader.error("assertions", message),
                }
            }
            let client_certificate =
                ClientCertificate::read(reader, old.and_then(|old| old.client_certificate.as_ref()));
            Self {
                url,
                method: reader.choice("method"),
                headers: request::read_headers(reader, old.map_or(&[], |old| old.headers.as_slice())),
                body: reader.long_text("body"),
                auth,
                max_redirects: reader.number("max_redirects", 0..=MAX_REDIRECTS),
                accepted_statuses: accepted,
                keyword: reader.optional_text("keyword"),
                absent_keyword: reader.optional_text("absent_keyword"),
                regex: reader.optional_text("regex"),
                assertions,
                verify_tls,
                client_certificate,
                ip_version: reader.choice("ip_version"),
                proxy,
                body_limit_kb: reader.number("body_limit_kb", 1..=MAX_BODY_KB),
            }
        })
    }

    fn to_form(&self) -> Form {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let assertions: Vec<String> = self.assertions.iter().map(ToString::to_string).collect();
        let mut form: Form = [
            ("url", self.url.clone()),
            ("method", self.method.as_str().to_owned()),
            ("headers", request::show_headers(&self.headers)),
            ("body", self.body.clone()),
            ("max_redirects", self.max_redirects.to_string()),
            ("accepted_statuses", self.accepted_statuses.to_string()),
            ("keyword", text(&self.keyword)),
            ("absent_keyword", text(&self.absent_keyword)),
            ("regex", text(&self.regex)),
            ("assertions", assertions.join("\n")),
            ("verify_tls", self.verify_tls.to_string()),
            ("ip_version", self.ip_version.as_str().to_owned()),
            ("proxy", self.shown_proxy()),
            ("body_limit_kb", self.body_limit_kb.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        request::show_auth(&mut form, &self.auth);
        ClientCertificate::show(&mut form, self.client_certificate.as_ref());
        form
    }

    fn target(&self) -> String {
        Url::parse(&self.url).map_or_else(|_| self.url.clone(), |url| shown_url(&url))
    }

    fn host_key(&self) -> Option<String> {
        Url::parse(&self.url).ok()?.host_str().map(str::to_ascii_lowercase)
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        request::examine_url("url", &self.url, &["https", "http"], errors);
        request::examine_headers(&self.headers, errors);
        self.auth.examine(errors);
        if self.max_redirects > MAX_REDIRECTS {
            errors.push(FieldError::new(
                "max_redirects",
                format!("At most {MAX_REDIRECTS} redirects can be followed."),
            ));
        }
        if !(1..=MAX_BODY_KB).contains(&self.body_limit_kb) {
            errors.push(FieldError::new("body_limit_kb", format!("Choose from 1 to {MAX_BODY_KB} kB.")));
        }
        if self.assertions.len() > MAX_ASSERTIONS {
            errors.push(FieldError::new(
                "assertions",
                format!("These are more than {MAX_ASSERTIONS} assertions."),
            ));
        }
        let looks_at_body = match self.body_rules() {
            Ok(rules) => !rules.is_empty(),
            Err(wrong) => {
                errors.extend(wrong);
                false
            }
        };
        if self.method == HttpMethod::Head && looks_at_body {
            errors.push(FieldError::new(
                "method",
                "HEAD has no body to look at; choose GET, or remove the rules.",
            ));
        }
        if let Some(pair) = &self.client_certificate {
            pair.examine(errors);
        }
        if let Some(proxy) = &self.proxy {
            let fine = Url::parse(proxy.expose()).is_ok_and(|url| {
                PROXY_SCHEMES.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty())
            });
            if !fine || proxy.expose().contains(MASK) {
                let message = format!(
                    "This is not a proxy; write it as http://proxy.example.org:3128 ({}).",
                    PROXY_SCHEMES.join(", ")
                );
                errors.push(FieldError::new("proxy", message));
            }
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        let mut secrets = self.auth.secrets();
        secrets.extend(request::secret_headers(&self.headers));
        secrets.extend(self.client_certificate.as_ref().map(|certificate| &certificate.key));
        secrets.extend(&self.proxy);
        secrets
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        let mut secrets = self.auth.secrets_mut();
        secrets.extend(request::secret_headers_mut(&mut self.headers));
        secrets.extend(self.client_certificate.as_mut().map(|certificate| &mut certificate.key));
        secrets.extend(&mut self.proxy);
        secrets
    }

    fn redacted(&self) -> Self {
        Self {
            auth: self.auth.redacted(),
            headers: request::redacted_headers(&self.headers),
            client_certificate: self.client_certificate.as_ref().map(ClientCertificate::redacted),
            proxy: self.proxy.as_ref().map(|_| Secret::new(self.shown_proxy())),
            ..self.clone()
        }
    }
}

/// A proxy with its password masked.
fn masked_proxy(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            // Refused only for URLs without a host, which have no password either.
            let _ = url.set_password(Some(MASK));
            url.into()
        }
        _ => text.to_owned(),
    }
}
