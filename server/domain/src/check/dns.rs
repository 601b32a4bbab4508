//! dns: a name that resolves to what it should.

use serde::{Deserialize, Serialize};

use super::{
    KindSettings, read_form,
    target::{check_host, parse_resolver},
};
use crate::{
    choices,
    form::{Choice as _, Field, FieldError, FieldKind, Form},
};

const MAX_EXPECTED: usize = 50;
/// The field of the name that is looked up.
const NAME: &str = "record_name";

choices! {
    /// The type of the records that are asked for.
    RecordType {
        /// IPv4 addresses.
        A = "A", "A";
        /// IPv6 addresses.
        Aaaa = "AAAA", "AAAA";
        /// The canonical name.
        Cname = "CNAME", "CNAME";
        /// Mail servers.
        Mx = "MX", "MX";
        /// Name servers.
        Ns = "NS", "NS";
        /// Texts.
        Txt = "TXT", "TXT";
        /// Services.
        Srv = "SRV", "SRV";
        /// Certificate authorities that may issue.
        Caa = "CAA", "CAA";
    }
}

choices! {
    /// How the answer is compared with the expected values.
    MatchMode {
        /// Every expected value is in the answer.
        All = "all", "All of them are answered";
        /// At least one expected value is in the answer.
        Any = "any", "At least one of them is answered";
        /// The answer is exactly the expected values.
        Exact = "exact", "Exactly these are answered";
    }
}

/// The settings of a dns check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsSettings {
    /// The name.
    pub name: String,
    /// The type of records.
    pub record_type: RecordType,
    /// The expected values; none means that any answer is fine.
    #[serde(default)]
    pub expected: Vec<String>,
    /// How they are compared.
    #[serde(default = "MatchMode::first")]
    pub match_mode: MatchMode,
    /// The address of the resolver, with or without a port; `None` for the system's.
    #[serde(default)]
    pub resolver: Option<String>,
}

impl DnsSettings {
    /// Any answer from the system's resolver.
    pub fn new(name: &str, record_type: RecordType) -> Self {
        Self {
            name: name.to_owned(),
            record_type,
            expected: Vec::new(),
            match_mode: MatchMode::All,
            resolver: None,
        }
    }

    /// Whether an answer is the expected one. Values are compared without case (but TXT with), without a final dot and
    /// with runs of spaces as one.
    pub fn accepts(&self, answer: &[String]) -> bool {
        if self.expected.is_empty() {
            return !answer.is_empty();
        }
        let normal = |value: &String| normal(value, self.record_type);
        let answer: Vec<String> = answer.iter().map(normal).collect();
        let mut expected = self.expected.iter().map(|value| match self.record_type {
            RecordType::Txt => normal(&joined(value.trim())),
            _ => normal(value),
        });
        match self.match_mode {
            MatchMode::All => expected.all(|value| answer.contains(&value)),
            MatchMode::Any => expected.any(|value| answer.contains(&value)),
            MatchMode::Exact => {
                let expected: Vec<String> = expected.collect();
                answer.iter().all(|value| expected.contains(value))
                    && expected.iter().all(|value| answer.contains(value))
            }
        }
    }
}

fn normal(value: &str, record_type: RecordType) -> String {
    let words: Vec<&str> = value.split_whitespace().collect();
    let value = words.join(" ");
    match record_type {
        RecordType::Txt => value,
        RecordType::A | RecordType::Aaaa => {
            value.parse::<std::net::IpAddr>().map_or(value, |address| address.to_string())
        }
        _ => value.trim_end_matches('.').to_ascii_lowercase(),
    }
}

/// A TXT record as one text. dig prints it as quoted strings, which belong together, with `\\` before quotes and backslashes and `\\123`
/// for other bytes (RFC 1035, section 5.1).
fn joined(value: &str) -> String {
    if !value.starts_with('"') {
        return value.to_owned();
    }
    let (mut bytes, mut quoted) = (Vec::new(), false);
    let mut rest = value.bytes().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' => {
                let mut code = 0_u16;
                let mut digits = 0;
                while digits < 3
                    && let Some(digit) = rest.next_if(u8::is_ascii_digit)
                {
                    code = code * 10 + u16::from(digit - b'0');
                    digits += 1;
                }
                match u8::try_from(code) {
                    Ok(code) if digits == 3 => bytes.push(code),
                    _ => bytes.extend(rest.next()),
                }
            }
            _ if quoted => bytes.push(byte),
            _ => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl KindSettings for DnsSettings {
    const LABEL: &'static str = "DNS record";
    const DESCRIPTION: &'static str = "A name that resolves to what it should.";
    const ICON: &'static str = "signpost";
    const FIELDS: &'static [Field] = &[
        // Not `name`: that is what people call the monitor, in the same form.
        Field::new(NAME, "Name to look up", FieldKind::Host).required().placeholder("example.org"),
        Field::new("record_type", "Record type", FieldKind::Select(RecordType::OPTIONS)).default("A"),
        Field::new("expected", "Expected values", FieldKind::Lines)
            .placeholder("192.0.2.1")
            .help("One a line, as dig prints them (MX: 10 mail.example.org). Empty: any answer is fine."),
        Field::new("match_mode", "Compare", FieldKind::Select(MatchMode::OPTIONS)).default("all").advanced(),
        Field::new("resolver", "Resolver", FieldKind::Text)
            .placeholder("9.9.9.9")
            .help("The address of a DNS server, with or without a port. Empty: the system's.")
            .advanced(),
    ];

    fn from_form(form: &Form, _old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            name: reader.text(NAME),
            record_type: reader.choice("record_type"),
            expected: reader.lines("expected"),
            match_mode: reader.choice("match_mode"),
            resolver: reader.optional_text("resolver"),
        })
    }

    fn to_form(&self) -> Form {
        [
            (NAME, self.name.clone()),
            ("record_type", self.record_type.as_str().to_owned()),
            ("expected", self.expected.join("\n")),
            ("match_mode", self.match_mode.as_str().to_owned()),
            ("resolver", self.resolver.clone().unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn target(&self) -> String {
        format!("{} {}", self.name, self.record_type.as_str())
    }

    fn host_key(&self) -> Option<String> {
        // The resolver bears the load, not the name.
        Some(self.resolver.clone().unwrap_or_else(|| "system resolver".to_owned()))
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        let is_address = self.name.parse::<std::net::IpAddr>().is_ok();
        if self.name.is_empty() {
            errors.push(FieldError::new(NAME, "Please fill this in."));
        } else if is_address {
            errors.push(FieldError::new(NAME, "This is an address; write a name such as example.org."));
        } else if let Err(message) = check_host(self.name.trim_start_matches("*.")) {
            errors.push(FieldError::new(NAME, message));
        }
        if self.expected.len() > MAX_EXPECTED {
            errors.push(FieldError::new("expected", format!("These are more than {MAX_EXPECTED} values.")));
        }
        for value in &self.expected {
            let wanted = match self.record_type {
                RecordType::A if value.parse::<std::net::Ipv4Addr>().is_err() => {
                    "an IPv4 address such as 192.0.2.1"
                }
                RecordType::Aaaa if value.parse::<std::net::Ipv6Addr>().is_err() => {
                    "an IPv6 address such as 2001:db8::1"
                }
                _ => continue,
            };
            errors.push(FieldError::new("expected", format!("“{value}” is not {wanted}.")));
        }
        if self.resolver.as_deref().is_some_and(|resolver| parse_resolver(resolver).is_none()) {
            let message = "A resolver is an address such as 9.9.9.9, 9.9.9.9:53 or [2620:fe::fe]:53.";
            errors.push(FieldError::new("resolver", message));
        }
    }
}
