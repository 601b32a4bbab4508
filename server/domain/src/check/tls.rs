//! tls: a certificate and the TLS in front of it.

use serde::{Deserialize, Serialize};

use super::{
    KindSettings, read_form,
    target::{IpVersion, any_version, examine_host, host_port, yes},
};
use crate::{
    choices,
    form::{Choice as _, Field, FieldError, FieldKind, Form},
};

/// The longest warning time, in days: publicly trusted certificates do not live longer.
pub const MAX_MIN_DAYS: u32 = 398;

choices! {
    /// The lowest TLS version that counts as safe. Versions below 1.2 are refused in any case (RFC 8996).
    MinimumTls {
        /// TLS 1.2 or newer.
        Tls12 = "1.2", "TLS 1.2";
        /// TLS 1.3 or newer.
        Tls13 = "1.3", "TLS 1.3";
    }
}

choices! {
    /// What a certificate that runs out soon makes of the monitor.
    OnFewDays {
        /// Down: people are told.
        Down = "down", "Down";
        /// Degraded: shown only.
        Degraded = "degraded", "Degraded";
    }
}

/// The settings of a tls check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSettings {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The name to ask for and to verify; `None` for the host.
    #[serde(default)]
    pub server_name: Option<String>,
    /// The days that the certificate, or one that came with it, should at least be valid for.
    pub min_days: u32,
    /// What fewer days make of the monitor.
    #[serde(default = "OnFewDays::first")]
    pub on_few_days: OnFewDays,
    /// Whether a trusted authority must vouch for it. Name and dates are always checked.
    #[serde(default = "yes")]
    pub check_chain: bool,
    /// The lowest TLS version.
    #[serde(default = "MinimumTls::first")]
    pub minimum_tls: MinimumTls,
    /// Which addresses are tried.
    #[serde(default = "any_version")]
    pub ip_version: IpVersion,
}

impl TlsSettings {
    /// Everything checked, and a fortnight's notice.
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            server_name: None,
            min_days: 14,
            on_few_days: OnFewDays::Down,
            check_chain: true,
            minimum_tls: MinimumTls::Tls12,
            ip_version: IpVersion::Any,
        }
    }

    /// The name to ask for and to verify.
    pub fn name(&self) -> &str {
        self.server_name.as_deref().unwrap_or(&self.host)
    }
}

impl KindSettings for TlsSettings {
    const LABEL: &'static str = "TLS certificate";
    const DESCRIPTION: &'static str = "Days left, host name, chain and protocol of a certificate.";
    const ICON: &'static str = "shield-check";
    const FIELDS: &'static [Field] = &[
        Field::new("host", "Host", FieldKind::Host).required().placeholder("example.org"),
        Field::new("port", "Port", FieldKind::Number { min: 1, max: 65_535, unit: "" }).default("443"),
        Field::new(
            "min_days",
            "Warn before",
            FieldKind::Number { min: 0, max: MAX_MIN_DAYS as i64, unit: "days" },
        )
        .default("14")
        .help("Also for the intermediates that the server sends."),
        Field::new("on_few_days", "Then it is", FieldKind::Select(OnFewDays::OPTIONS)).default("down"),
        Field::new("server_name", "Server name", FieldKind::Host)
            .help("The name to ask for (SNI) and to verify, if it is not the host.")
            .advanced(),
        Field::new("check_chain", "Check who issued it", FieldKind::Checkbox)
            .default("true")
            .help("Switch off for self-signed certificates; name and dates are still checked.")
            .advanced(),
        Field::new("minimum_tls", "At least", FieldKind::Select(MinimumTls::OPTIONS))
            .default("1.2")
            .advanced(),
        Field::new("ip_version", "IP version", FieldKind::Select(IpVersion::OPTIONS))
            .default("any")
            .advanced(),
    ];

    fn from_form(form: &Form, _old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            host: reader.text("host"),
            port: reader.number("port", 1..=65_535),
            server_name: reader.optional_text("server_name"),
            min_days: reader.number("min_days", 0..=MAX_MIN_DAYS),
            on_few_days: reader.choice("on_few_days"),
            check_chain: reader.checkbox("check_chain"),
            minimum_tls: reader.choice("minimum_tls"),
            ip_version: reader.choice("ip_version"),
        })
    }

    fn to_form(&self) -> Form {
        [
            ("host", self.host.clone()),
            ("port", self.port.to_string()),
            ("server_name", self.server_name.clone().unwrap_or_default()),
            ("min_days", self.min_days.to_string()),
            ("on_few_days", self.on_few_days.as_str().to_owned()),
            ("check_chain", self.check_chain.to_string()),
            ("minimum_tls", self.minimum_tls.as_str().to_owned()),
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
        if let Some(name) = &self.server_name {
            examine_host("server_name", name, errors);
        }
        if self.port == 0 {
            errors.push(FieldError::new("port", "A port is a number from 1 to 65535."));
        }
        if self.min_days > MAX_MIN_DAYS {
            errors.push(FieldError::new("min_days", format!("Choose from 0 to {MAX_MIN_DAYS} days.")));
        }
    }
}
