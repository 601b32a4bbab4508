//! websocket: a WebSocket (RFC 6455) that opens and answers.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    ClientCertificate, KindSettings, client_certificate,
    elsewhere::{self, Way},
    read_form,
    redact::shown_url,
    request::{self, Auth, Header},
    target::{IpVersion, any_version, yes},
};
use crate::{
    form::{Choice as _, Field, FieldError, FieldKind, Form, MAX_TEXT_BYTES},
    secret::Secret,
};

/// The settings of a websocket check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebSocketSettings {
    /// The absolute URL, ws or wss, without credentials.
    pub url: String,
    /// Headers to send with the handshake.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// How to authenticate.
    #[serde(default)]
    pub auth: Auth,
    /// A text message to send once it is open.
    #[serde(default)]
    pub send: Option<String>,
    /// What one of the messages that come must contain.
    #[serde(default)]
    pub expect: Option<String>,
    /// Whether the certificate must be valid.
    #[serde(default = "yes")]
    pub verify_tls: bool,
    /// What is shown to servers that ask for a certificate.
    #[serde(default)]
    pub client_certificate: Option<ClientCertificate>,
    /// Which addresses are tried.
    #[serde(default = "any_version")]
    pub ip_version: IpVersion,
}

impl WebSocketSettings {
    /// Opens and closes; credentials in the URL become basic authentication.
    pub fn new(url: &str) -> Self {
        let (url, auth) = request::take_credentials(url).unwrap_or_else(|| (url.to_owned(), Auth::None));
        Self {
            url,
            headers: Vec::new(),
            auth,
            send: None,
            expect: None,
            verify_tls: true,
            client_certificate: None,
            ip_version: IpVersion::Any,
        }
    }
}

impl KindSettings for WebSocketSettings {
    const LABEL: &'static str = "WebSocket";
    const DESCRIPTION: &'static str = "A WebSocket that opens, and optionally answers a message.";
    const ICON: &'static str = "cable";
    const FIELDS: &'static [Field] = &[
        Field::new("url", "URL", FieldKind::Url).required().placeholder("wss://example.org/socket"),
        Field::new("send", "Send", FieldKind::TextArea).help("A text message to send once it is open."),
        Field::new("expect", "Expect", FieldKind::Text).help("A text that one of the messages must contain."),
        request::HEADERS,
        request::AUTH,
        request::USERNAME,
        request::PASSWORD,
        request::TOKEN,
        Field::new("verify_tls", "Check the certificate", FieldKind::Checkbox).default("true").advanced(),
        client_certificate::CERTIFICATE_FIELD,
        client_certificate::KEY_FIELD,
        Field::new("ip_version", "IP version", FieldKind::Select(IpVersion::OPTIONS))
            .default("any")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let mut auth = request::read_auth(reader, old.map(|old| &old.auth));
            let mut url = reader.text("url");
            let verify_tls = reader.checkbox("verify_tls");
            let before = old.map(|old| {
                let way = Way { url: &old.url, proxy: None, verify_tls: old.verify_tls };
                (way, old.headers.as_slice())
            });
            elsewhere::refuse(reader, before, Way { url: &url, proxy: None, verify_tls }, &auth);
            if let (Some((bare, pasted)), Auth::None) = (request::take_credentials(&url), &auth) {
                (url, auth) = (bare, pasted);
            }
            Self {
                url,
                headers: request::read_headers(reader, old.map_or(&[], |old| old.headers.as_slice())),
                auth,
                send: Some(reader.long_text("send")).filter(|text| !text.is_empty()),
                expect: reader.optional_text("expect"),
                verify_tls,
                client_certificate: ClientCertificate::read(
                    reader,
                    old.and_then(|old| old.client_certificate.as_ref()),
                ),
                ip_version: reader.choice("ip_version"),
            }
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [
            ("url", self.url.clone()),
            ("headers", request::show_headers(&self.headers)),
            ("send", self.send.clone().unwrap_or_default()),
            ("expect", self.expect.clone().unwrap_or_default()),
            ("verify_tls", self.verify_tls.to_string()),
            ("ip_version", self.ip_version.as_str().to_owned()),
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
        request::examine_url("url", &self.url, &["wss", "ws"], errors);
        request::examine_headers(&self.headers, errors);
        self.auth.examine(errors);
        if let Some(pair) = &self.client_certificate {
            pair.examine(errors);
        }
        if self.expect.as_ref().is_some_and(|text| text.len() > MAX_TEXT_BYTES) {
            errors.push(FieldError::new("expect", format!("This is longer than {MAX_TEXT_BYTES} bytes.")));
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        let mut secrets = self.auth.secrets();
        secrets.extend(request::secret_headers(&self.headers));
        secrets.extend(self.client_certificate.as_ref().map(|certificate| &certificate.key));
        secrets
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        let mut secrets = self.auth.secrets_mut();
        secrets.extend(request::secret_headers_mut(&mut self.headers));
        secrets.extend(self.client_certificate.as_mut().map(|certificate| &mut certificate.key));
        secrets
    }

    fn redacted(&self) -> Self {
        Self {
            auth: self.auth.redacted(),
            headers: request::redacted_headers(&self.headers),
            client_certificate: self.client_certificate.as_ref().map(ClientCertificate::redacted),
            ..self.clone()
        }
    }
}
