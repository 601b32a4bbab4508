//! The parts of a request that http and websocket share: URL, headers, authentication.

use serde::{Deserialize, Serialize};
use url::Url;

use super::redact::is_sensitive;
use crate::{
    choices,
    form::{Choice as _, Field, FieldError, FieldKind, Form, FormReader, MAX_TEXT_BYTES, put_secret},
    secret::{MASK, Secret},
};

/// The most headers that a check may send.
const MAX_HEADERS: usize = 50;

choices! {
    /// How a request authenticates.
    AuthKind {
        /// Not at all.
        None = "none", "None";
        /// Name and password (RFC 7617).
        Basic = "basic", "Basic (name and password)";
        /// A token (RFC 6750).
        Bearer = "bearer", "Bearer token";
    }
}

/// A header of a request. The value may be a secret, so it never prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Secret,
}

/// How a request authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// Name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        #[serde(default)]
        password: Secret,
    },
    /// A token.
    Bearer {
        /// The token.
        token: Secret,
    },
}

/// The field of the headers.
pub const HEADERS: Field = Field::new("headers", "Headers", FieldKind::Lines)
    .placeholder("Accept: application/json")
    .help("One a line, as Name: value. Values of secret headers are shown masked and stay unless you change them.")
    .advanced();
/// The field that chooses the authentication.
pub const AUTH: Field =
    Field::new("auth", "Authentication", FieldKind::Select(AuthKind::OPTIONS)).default("none").advanced();
/// The field of the name.
pub const USERNAME: Field =
    Field::new("username", "User name", FieldKind::Text).required().when("auth", "basic").advanced();
/// The field of the password.
pub const PASSWORD: Field =
    Field::new("password", "Password", FieldKind::Secret).when("auth", "basic").advanced();
/// The field of the token.
pub const TOKEN: Field =
    Field::new("token", "Token", FieldKind::Secret).required().when("auth", "bearer").advanced();

impl Header {
    /// Whether the name announces a secret.
    pub fn is_sensitive(&self) -> bool {
        is_sensitive(&self.name)
    }
}

/// Reads headers; a masked value stays what it was.
pub(crate) fn read_headers(reader: &mut FormReader<'_>, old: &[Header]) -> Vec<Header> {
    let mut headers = Vec::new();
    for line in reader.lines("headers") {
        let Some((name, value)) = line.split_once(':') else {
            reader.error("headers", format!("“{line}” has no colon; write it as Name: value."));
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        let kept = || {
            old.iter()
                .find(|header| header.name.eq_ignore_ascii_case(name))
                .map(|header| header.value.clone())
        };
        let value = if value == MASK { kept().unwrap_or_default() } else { Secret::from(value) };
        headers.push(Header { name: name.to_owned(), value });
    }
    headers
}

/// The headers as lines, secret values masked.
pub(crate) fn show_headers(headers: &[Header]) -> String {
    let lines: Vec<String> = headers
        .iter()
        .map(|header| {
            let value = if header.is_sensitive() { MASK } else { header.value.expose() };
            format!("{}: {value}", header.name)
        })
        .collect();
    lines.join("\n")
}

/// Reads the authentication; secrets that were not sent are kept.
pub(super) fn read_auth(reader: &mut FormReader<'_>, old: Option<&Auth>) -> Auth {
    match reader.choice("auth") {
        AuthKind::None => Auth::None,
        AuthKind::Basic => {
            let old = match old {
                Some(Auth::Basic { password, .. }) => Some(password),
                _ => None,
            };
            let password = reader.secret("password", old).unwrap_or_default();
            Auth::Basic { username: reader.text("username"), password }
        }
        AuthKind::Bearer => {
            let old = match old {
                Some(Auth::Bearer { token }) => Some(token),
                _ => None,
            };
            Auth::Bearer { token: reader.secret("token", old).unwrap_or_default() }
        }
    }
}

/// Puts the authentication into a form.
pub(super) fn show_auth(form: &mut Form, auth: &Auth) {
    let (kind, username, password, token) = match auth {
        Auth::None => (AuthKind::None, "", None, None),
        Auth::Basic { username, password } => (AuthKind::Basic, username.as_str(), Some(password), None),
        Auth::Bearer { token } => (AuthKind::Bearer, "", None, Some(token)),
    };
    form.insert("auth".to_owned(), kind.as_str().to_owned());
    form.insert("username".to_owned(), username.to_owned());
    put_secret(form, "password", password);
    put_secret(form, "token", token);
}

impl Auth {
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::None => Vec::new(),
            Self::Basic { password, .. } => vec![password],
            Self::Bearer { token } => vec![token],
        }
    }

    pub(super) fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        match self {
            Self::None => Vec::new(),
            Self::Basic { password, .. } => vec![password],
            Self::Bearer { token } => vec![token],
        }
    }

    pub(super) fn redacted(&self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Basic { username, password } => {
                Self::Basic { username: username.clone(), password: password.masked() }
            }
            Self::Bearer { token } => Self::Bearer { token: token.masked() },
        }
    }

    pub(super) fn examine(&self, errors: &mut Vec<FieldError>) {
        match self {
            Self::Basic { username, .. } if username.is_empty() => {
                errors.push(FieldError::new("username", "Basic authentication needs a user name."));
            }
            Self::Basic { username, .. } if username.contains(':') => {
                errors.push(FieldError::new("username", "A user name cannot have a colon (RFC 7617)."));
            }
            // Forms trim, and an escaped address may hold anything: what could not come back from a form is no user name.
            Self::Basic { username, .. }
                if username.trim() != username || username.chars().any(char::is_control) =>
            {
                let message = "A user name has no control characters, and no space before or after it.";
                errors.push(FieldError::new("username", message));
            }
            Self::Bearer { token } if token.is_empty() => {
                errors.push(FieldError::new("token", "Bearer authentication needs a token."));
            }
            Self::Bearer { token } if token.expose().bytes().any(|b| !(0x21..0x7f).contains(&b)) => {
                errors.push(FieldError::new(
                    "token",
                    "A token has neither spaces nor characters beyond ASCII.",
                ));
            }
            _ => {}
        }
    }
}

/// Copies of the headers with secret values masked.
pub(super) fn redacted_headers(headers: &[Header]) -> Vec<Header> {
    let mask = |header: &Header| Header {
        name: header.name.clone(),
        value: if header.is_sensitive() { header.value.masked() } else { header.value.clone() },
    };
    headers.iter().map(mask).collect()
}

/// The values of the headers that announce a secret.
pub(super) fn secret_headers(headers: &[Header]) -> impl Iterator<Item = &Secret> {
    headers.iter().filter(|header| header.is_sensitive()).map(|header| &header.value)
}

/// The same values, to seal and open them.
pub(crate) fn secret_headers_mut(headers: &mut [Header]) -> impl Iterator<Item = &mut Secret> {
    headers.iter_mut().filter(|header| header.is_sensitive()).map(|header| &mut header.value)
}

pub(crate) fn examine_headers(headers: &[Header], errors: &mut Vec<FieldError>) {
    // RFC 9110, section 5.6.2: the characters of a token.
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    // Set by the client; a second one would make requests that servers refuse.
    let managed = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];
    if headers.len() > MAX_HEADERS {
        errors.push(FieldError::new("headers", format!("These are more than {MAX_HEADERS} headers.")));
    }
    for Header { name, value } in headers {
        let problem = if name.is_empty() || !name.chars().all(is_token) {
            Some(format!("“{name}” is not a header name; write for example Accept: text/html."))
        } else if managed.contains(&name.to_ascii_lowercase().as_str()) && !name.eq_ignore_ascii_case("host")
        {
            Some(format!("{name} is set by the check itself; please remove it."))
        } else if value.expose().len() > MAX_TEXT_BYTES
            || value.expose().chars().any(|c| c.is_control() && c != '\t')
        {
            Some(format!("The value of {name} is too long or has control characters."))
        } else {
            None
        };
        errors.extend(problem.map(|message| FieldError::new("headers", message)));
    }
}

/// Reads a URL and adds an error when it is not absolute, not of these schemes, or has credentials in it.
pub(super) fn examine_url(
    field: &str,
    text: &str,
    schemes: &[&str],
    errors: &mut Vec<FieldError>,
) -> Option<Url> {
    let shape = format!("write it as {}://example.org/path", schemes.first().copied().unwrap_or("https"));
    let mut wrong = |message: String| {
        errors.push(FieldError::new(field, message));
        None
    };
    if text.is_empty() {
        return wrong(format!("Please fill this in; {shape}."));
    }
    if text.len() > MAX_TEXT_BYTES {
        return wrong(format!("This is longer than {MAX_TEXT_BYTES} bytes."));
    }
    match Url::parse(text) {
        Err(error) => wrong(format!("“{text}” is not an absolute URL ({error}); {shape}.")),
        Ok(url) if !schemes.contains(&url.scheme()) => wrong(format!(
            "{}:// is not possible here; {shape} with one of {}.",
            url.scheme(),
            schemes.join(", ")
        )),
        Ok(url) if url.host_str().is_none_or(str::is_empty) => {
            wrong(format!("“{text}” has no host; {shape}."))
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            wrong("Name and password do not belong into the URL; put them under authentication.".to_owned())
        }
        Ok(url) => Some(url),
    }
}

/// Takes name and password out of a URL, as people paste them, and makes basic authentication of them.
pub(crate) fn take_credentials(text: &str) -> Option<(String, Auth)> {
    let mut url = Url::parse(text).ok()?;
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| percent_decode(text);
    let auth = Auth::Basic {
        username: decode(url.username()),
        password: Secret::new(decode(url.password().unwrap_or_default())),
    };
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some((url.into(), auth))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|_| *first == b'%');
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
