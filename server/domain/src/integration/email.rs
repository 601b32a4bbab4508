//! email: a mail to one or several people. The mail server is configuration of the installation.

use serde::{Deserialize, Serialize};

use super::{Audience, IntegrationSettings, ProviderSettings, read_form};
use crate::check::target::check_host;
use crate::form::{Field, FieldError, FieldKind, Form};

/// Receivers of one mail: beyond it, a list on the mail server is easier to keep.
const MAX_RECEIVERS: usize = 20;
/// The longest address, in bytes (RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets).
const MAX_ADDRESS: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest prefix of a subject, in characters: longer ones hide what happened.
const MAX_PREFIX: usize = 60;

/// Who gets the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailSettings {
    /// The addresses of the receivers.
    pub email: Vec<String>,
    /// What subjects begin with; may be empty.
    #[serde(default)]
    pub subject_prefix: String,
}

impl EmailSettings {
    /// A mail to one address.
    pub fn to(address: &str) -> Self {
        Self { email: vec![address.to_owned()], subject_prefix: String::new() }
    }
}

impl ProviderSettings for EmailSettings {
    const LABEL: &'static str = "E-mail";
    const DESCRIPTION: &'static str =
        "A mail to you or to your team; all mails about an incident are one thread.";
    const ICON: &'static str = "mail";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[
        Field::new("email", "Address", FieldKind::Text)
            .required()
            .placeholder("ops@example.org, oncall@example.org")
            .help("Several are separated by commas; each receiver sees the others."),
        Field::new("subject_prefix", "Subject prefix", FieldKind::Text)
            .placeholder("[Pharos]")
            .help("Subjects begin with it, for filters.")
            .advanced(),
    ];

    fn from_form(form: &Form, _old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let text = reader.text("email");
            let addresses = text.split([',', ';']).map(str::trim).filter(|address| !address.is_empty());
            let mut email: Vec<String> = Vec::new();
            for address in addresses {
                if !email.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                    email.push(address.to_owned());
                }
            }
            Self { email, subject_prefix: reader.text("subject_prefix") }
        })
    }

    fn to_form(&self) -> Form {
        [("email", self.email.join(", ")), ("subject_prefix", self.subject_prefix.clone())]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn target(&self) -> String {
        self.email.join(", ")
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        if self.email.is_empty() {
            errors.push(FieldError::new("email", "Please fill in at least one address."));
        }
        if self.email.len() > MAX_RECEIVERS {
            let message = format!("These are more than {MAX_RECEIVERS} addresses; use a mailing list.");
            errors.push(FieldError::new("email", message));
        }
        for address in self.email.iter().filter(|address| !is_address(address)) {
            let message = format!("“{address}” is no e-mail address; write one such as ops@example.org.");
            errors.push(FieldError::new("email", message));
        }
        if self.subject_prefix.chars().count() > MAX_PREFIX {
            let message = format!("This is longer than {MAX_PREFIX} characters; please shorten it.");
            errors.push(FieldError::new("subject_prefix", message));
        }
        if self.subject_prefix.chars().any(char::is_control) {
            let message = "This has line breaks or control characters; please write it as one plain line.";
            errors.push(FieldError::new("subject_prefix", message));
        }
    }
}

impl IntegrationSettings {
    /// Whether it sends mails to an address. Case is of no importance: no mailbox differs from another by it alone.
    pub fn writes_to(&self, address: &str) -> bool {
        match self {
            Self::Email(settings) => names(&settings.email, address),
            _ => false,
        }
    }

    /// Whether it sends mails, and all of them to these addresses.
    pub fn writes_only_to(&self, addresses: &[String]) -> bool {
        match self {
            Self::Email(settings) => {
                !addresses.is_empty() && settings.email.iter().all(|known| names(addresses, known))
            }
            _ => false,
        }
    }
}

/// Whether an address stands in a list.
pub fn names(addresses: &[String], address: &str) -> bool {
    addresses.iter().any(|known| known.eq_ignore_ascii_case(address))
}

/// Who of several did not get a mail because nobody confirmed their addresses, and what to do; `addresses` is not empty.
pub fn left_out_words(addresses: &[String]) -> String {
    let (have, remedy) = to_confirm(addresses);
    format!("Not sent to {}, which {have} not been confirmed. {remedy}", addresses.join(" and "))
}

/// Why nothing is sent to the addresses of accounts that nobody confirmed, and what to do; `addresses` is not empty.
pub fn unconfirmed_words(addresses: &[String]) -> String {
    let (have, remedy) = to_confirm(addresses);
    format!("{} {have} not been confirmed. {remedy}", addresses.join(" and "))
}

/// The verb for so many addresses, and what to do about them.
fn to_confirm(addresses: &[String]) -> (&'static str, String) {
    let (have, it) = if addresses.len() == 1 { ("has", "it") } else { ("have", "each") };
    let remedy = format!(
        "Open the link that Pharos mails to {it}; “Send the link again” is on the page of the integration."
    );
    (have, remedy)
}

/// Whether a text is the address of a mailbox: a dot-atom, `@` and the name of a host (RFC 5321, 4.1.2). Quoted local parts, which nobody
/// has, and addresses beyond ASCII, which few servers take (RFC 6531), are not accepted; a domain may be written in its `xn--` form.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    text.len() <= MAX_ADDRESS
        && local.len() <= MAX_LOCAL
        && local.split('.').all(atom)
        && domain.is_ascii()
        && domain.parse::<std::net::IpAddr>().is_err()
        && !domain.contains('_')
        && !domain.ends_with('.')
        && check_host(domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(email: &str, prefix: &str) -> Result<EmailSettings, Vec<FieldError>> {
        let form = [("email", email), ("subject_prefix", prefix)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        EmailSettings::from_form(&form, None)
    }

    #[test]
    fn an_address_is_a_mailbox_at_a_host() {
        for good in ["ops@example.org", "o.p+s@sub.example.co", "x@xn--bcher-kva.example", "root@localhost"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "ops",
            "@example.org",
            "ops@",
            "o ps@example.org",
            ".ops@example.org",
            "o..s@example.org",
            "a@b@example.org",
            "\"a b\"@example.org",
            "ops@192.0.2.1",
            "ops@exa mple.org",
            "ops@example.org.",
            "ops@example.org>\r\nRCPT TO:<x@example.org",
            "öps@example.org",
            "ops@bücher.example",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(!is_address(&format!("{}@example.org", "a".repeat(65))));
    }

    #[test]
    fn what_is_not_confirmed_is_named_with_what_to_do() {
        let settings: IntegrationSettings = EmailSettings::to("Ada@Example.org").into();
        assert!(settings.writes_to("ada@example.org"));
        assert!(!settings.writes_to("eve@example.org"));
        let own = ["ada@example.org", "eve@example.org"].map(str::to_owned);
        assert!(settings.writes_only_to(&own) && !settings.writes_only_to(&own[1..]));
        let words = unconfirmed_words(&["ada@example.org".to_owned()]);
        assert!(words.starts_with("ada@example.org has not been confirmed. Open the link"), "{words}");
        let words = left_out_words(&["ada@example.org".to_owned()]);
        assert!(
            words.starts_with("Not sent to ada@example.org, which has not been confirmed. Open"),
            "{words}"
        );
        let words = unconfirmed_words(&["a@example.org".to_owned(), "b@example.org".to_owned()]);
        assert!(words.starts_with("a@example.org and b@example.org have not been confirmed."), "{words}");
    }

    #[test]
    fn several_addresses_are_read_once_each_and_written_back() {
        let settings = read("ops@example.org, Ops@Example.org; oncall@example.org,", "[P]").unwrap();
        assert_eq!(settings.email, ["ops@example.org", "oncall@example.org"]);
        assert_eq!(settings.target(), "ops@example.org, oncall@example.org");
        assert_eq!(EmailSettings::from_form(&settings.to_form(), None), Ok(settings));
    }

    #[test]
    fn every_wrong_address_is_named() {
        let errors = read("ops@example.org, nobody, @x", "").unwrap_err();
        let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(errors.len(), 2, "{messages:?}");
        assert!(messages[0].starts_with("“nobody” is no e-mail address"), "{messages:?}");
        assert_eq!(read("", "").unwrap_err()[0].field, "email");
        assert_eq!(read("a@example.org", &"x".repeat(61)).unwrap_err()[0].field, "subject_prefix");
    }
}
