//! tcp: a port that accepts connections, and says what it should.

use serde::{Deserialize, Serialize};

use super::{
    KindSettings, read_form,
    target::{IpVersion, any_version, examine_escaped, examine_host, host_port, yes},
};
use crate::form::{Choice as _, Field, FieldError, FieldKind, Form};

/// The settings of a tcp check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpSettings {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether to speak TLS from the start.
    #[serde(default)]
    pub tls: bool,
    /// Whether the certificate must be valid.
    #[serde(default = "yes")]
    pub verify_tls: bool,
    /// What to send, with escapes.
    #[serde(default)]
    pub send: Option<String>,
    /// What the reply must contain, with escapes.
    #[serde(default)]
    pub expect: Option<String>,
    /// Which addresses are tried.
    #[serde(default = "any_version")]
    pub ip_version: IpVersion,
}

impl TcpSettings {
    /// A plain connection.
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls: false,
            verify_tls: true,
            send: None,
            expect: None,
            ip_version: IpVersion::Any,
        }
    }
}

impl KindSettings for TcpSettings {
    const LABEL: &'static str = "TCP port";
    const DESCRIPTION: &'static str = "A port that accepts connections; optionally what it says.";
    const ICON: &'static str = "plug";
    const FIELDS: &'static [Field] = &[
        Field::new("host", "Host", FieldKind::Host).required().placeholder("db.example.org"),
        Field::new("port", "Port", FieldKind::Number { min: 1, max: 65_535, unit: "" })
            .required()
            .placeholder("5432"),
        Field::new("tls", "Speak TLS", FieldKind::Checkbox).default("false").advanced(),
        Field::new("verify_tls", "Check the certificate", FieldKind::Checkbox).default("true").advanced(),
        Field::new("send", "Send", FieldKind::Text)
            .placeholder(r"PING\r\n")
            .help(r"Escapes: \r \n \t \0 \\ \xHH.")
            .advanced(),
        Field::new("expect", "Expect", FieldKind::Text)
            .placeholder("+PONG")
            .help("A text that the reply must contain; the same escapes.")
            .advanced(),
        Field::new("ip_version", "IP version", FieldKind::Select(IpVersion::OPTIONS))
            .default("any")
            .advanced(),
    ];

    fn from_form(form: &Form, _old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            host: reader.text("host"),
            port: reader.number("port", 1..=65_535),
            tls: reader.checkbox("tls"),
            verify_tls: reader.checkbox("verify_tls"),
            send: reader.optional_text("send"),
            expect: reader.optional_text("expect"),
            ip_version: reader.choice("ip_version"),
        })
    }

    fn to_form(&self) -> Form {
        [
            ("host", self.host.clone()),
            ("port", self.port.to_string()),
            ("tls", self.tls.to_string()),
            ("verify_tls", self.verify_tls.to_string()),
            ("send", self.send.clone().unwrap_or_default()),
            ("expect", self.expect.clone().unwrap_or_default()),
            ("ip_version", self.ip_version.as_str().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn target(&self) -> String {
        host_port(&self.host, self.port)
    }

    fn host_key(&self) -> Option<String> {
        Some(self.host.to_ascii_lowercase())
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        examine_host("host", &self.host, errors);
        if self.port == 0 {
            errors.push(FieldError::new("port", "A port is a number from 1 to 65535."));
        }
        examine_escaped("send", self.send.as_deref(), errors);
        examine_escaped("expect", self.expect.as_deref(), errors);
    }
}
