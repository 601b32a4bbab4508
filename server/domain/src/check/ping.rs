//! ping: a host that answers echo requests (ICMP).

use serde::{Deserialize, Serialize};

use super::{
    KindSettings, read_form,
    target::{IpVersion, any_version, examine_host},
};
use crate::form::{Choice as _, Field, FieldError, FieldKind, Form};

/// The most echo requests of one check.
pub const MAX_COUNT: u8 = 10;

/// The settings of a ping check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingSettings {
    /// A name or an address.
    pub host: String,
    /// Echo requests per check. One answer is enough to be up; a lost one makes it degraded.
    pub count: u8,
    /// Which addresses are tried.
    #[serde(default = "any_version")]
    pub ip_version: IpVersion,
}

impl PingSettings {
    /// Three echo requests.
    pub fn new(host: &str) -> Self {
        Self { host: host.to_owned(), count: 3, ip_version: IpVersion::Any }
    }
}

impl KindSettings for PingSettings {
    const LABEL: &'static str = "Ping";
    const DESCRIPTION: &'static str = "A host that answers echo requests (ICMP).";
    const ICON: &'static str = "radar";
    const FIELDS: &'static [Field] = &[
        Field::new("host", "Host", FieldKind::Host).required().placeholder("192.0.2.1"),
        Field::new("count", "Echo requests", FieldKind::Number { min: 1, max: MAX_COUNT as i64, unit: "" })
            .default("3")
            .help("One answer is enough to be up; a lost one makes it degraded.")
            .advanced(),
        Field::new("ip_version", "IP version", FieldKind::Select(IpVersion::OPTIONS))
            .default("any")
            .advanced(),
    ];

    fn from_form(form: &Form, _old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            host: reader.text("host"),
            count: reader.number("count", 1..=MAX_COUNT),
            ip_version: reader.choice("ip_version"),
        })
    }

    fn to_form(&self) -> Form {
        [
            ("host", self.host.clone()),
            ("count", self.count.to_string()),
            ("ip_version", self.ip_version.as_str().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn target(&self) -> String {
        self.host.clone()
    }

    fn host_key(&self) -> Option<String> {
        Some(self.host.to_ascii_lowercase())
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        examine_host("host", &self.host, errors);
        if !(1..=MAX_COUNT).contains(&self.count) {
            errors.push(FieldError::new("count", format!("Choose from 1 to {MAX_COUNT} echo requests.")));
        }
    }
}
