//! Filling in a step's request.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{HttpStep, StepAuth, StepMethod};
use crate::{
    check::{
        redact::{is_sensitive, shown_url},
        request::{Auth, take_credentials},
    },
    form::{Choice as _, FieldError, MAX_TEXT_BYTES},
    secret::{MASK, Secret},
    template::{Encoding, Scope, Template},
};

/// A request that is ready to be sent. Its `Debug` shows neither values nor the query, which may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedRequest {
    /// The method.
    pub method: StepMethod,
    /// The URL: http or https, without credentials.
    pub url: Url,
    /// The headers, in the author's order; no value has a line break.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
    /// How it authenticates.
    pub auth: RenderedAuth,
    /// What came out empty, with the path of the field within the step.
    pub remarks: Vec<FieldError>,
}

/// How a request authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RenderedAuth {
    /// Not at all.
    #[default]
    None,
    /// Name and password (RFC 7617), sent at once.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// Name and password upon a challenge (RFC 7616).
    Digest {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
}

/// A request as people may see it and as it is kept with a delivery: no secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRequest {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl RenderedRequest {
    /// The request without secrets: known ones masked wherever they stand, and headers and parameters whose name announces
    /// a secret masked whole.
    pub fn shown(&self, scope: &Scope) -> ShownRequest {
        let value = |name: &str, value: &str| {
            if is_sensitive(name) { MASK.to_owned() } else { scope.mask(value) }
        };
        // Masked before it is taken to pieces: half a secret would not be found.
        let url = Url::parse(&scope.mask(self.url.as_str())).unwrap_or_else(|_| self.url.clone());
        ShownRequest {
            method: self.method.as_str().to_owned(),
            url: scope.mask(&shown_url(&url)),
            headers: self.headers.iter().map(|(name, text)| (name.clone(), value(name, text))).collect(),
            body: scope.mask(&self.body),
        }
    }
}

impl fmt::Debug for RenderedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderedRequest")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Fills in the request of a step.
///
/// The body is encoded as a form, see [`Encoding::Form`], when the step has a header `Content-Type:
/// application/x-www-form-urlencoded`; nothing else is encoded by itself. Name and password in the URL become basic
/// authentication when the step has none.
///
/// # Errors
/// The first field that cannot be sent, with its path within the step.
pub fn render_request(step: &HttpStep, scope: &mut Scope) -> Result<RenderedRequest, FieldError> {
    let mut remarks = Vec::new();
    let url = fill("url", &step.url, Encoding::Plain, scope, &mut remarks)?;
    let (url, auth) = match take_credentials(url.trim()) {
        Some((bare, Auth::Basic { username, password })) => {
            scope.hide_credentials(&username, password.expose());
            (bare, RenderedAuth::Basic { username, password })
        }
        _ => (url.trim().to_owned(), RenderedAuth::None),
    };
    let url = read_url(&url, &scope.mask(&url)).map_err(|message| FieldError::new("url", message))?;
    let mut headers = Vec::with_capacity(step.headers.len());
    for (number, header) in step.headers.iter().enumerate() {
        let path = format!("headers.{number}.value");
        let value = fill(&path, header.value.expose(), Encoding::Plain, scope, &mut remarks)?;
        let value = value.trim();
        if value.chars().any(|c| c.is_control() && c != '\t') {
            let message = format!(
                "The value of {} has line breaks or control characters once it is filled in; wrap what is filled in, \
                 for example in @UrlEncode or @JsonEncode.",
                header.name
            );
            return Err(FieldError::new(path, message));
        }
        headers.push((header.name.clone(), value.to_owned()));
    }
    let encoding = if headers.iter().any(|(name, value)| is_form(name, value)) {
        Encoding::Form
    } else {
        Encoding::Plain
    };
    let body = fill("body", &step.body, encoding, scope, &mut remarks)?;
    let auth = match &step.auth {
        StepAuth::None => auth,
        StepAuth::Basic { username, password } => {
            let (username, password) = fill_auth(username, password, scope, &mut remarks)?;
            if username.contains(':') {
                return Err(FieldError::new("auth.username", "A user name cannot have a colon (RFC 7617)."));
            }
            RenderedAuth::Basic { username, password }
        }
        StepAuth::Digest { username, password } => {
            let (username, password) = fill_auth(username, password, scope, &mut remarks)?;
            RenderedAuth::Digest { username, password }
        }
    };
    Ok(RenderedRequest { method: step.method, url, headers, body, auth, remarks })
}

fn fill_auth(
    username: &str,
    password: &Secret,
    scope: &mut Scope,
    remarks: &mut Vec<FieldError>,
) -> Result<(String, Secret), FieldError> {
    let username = fill("auth.username", username, Encoding::Plain, scope, remarks)?;
    let password = fill("auth.password", password.expose(), Encoding::Plain, scope, remarks)?;
    if username.chars().any(char::is_control) {
        return Err(FieldError::new(
            "auth.username",
            "A user name has no line breaks or control characters.",
        ));
    }
    scope.hide_credentials(&username, &password);
    Ok((username, Secret::new(password)))
}

fn fill(
    path: &str,
    source: &str,
    encoding: Encoding,
    scope: &mut Scope,
    remarks: &mut Vec<FieldError>,
) -> Result<String, FieldError> {
    let rendered = Template::parse(source)
        .and_then(|template| template.render_encoded(scope, encoding))
        .map_err(|error| FieldError::new(path, error.to_string()))?;
    remarks.extend(rendered.remarks.iter().map(|remark| FieldError::new(path, remark.to_string())));
    Ok(rendered.text)
}

/// Reads a URL that has been filled in; `shown` is the same without secrets.
pub(super) fn read_url(text: &str, shown: &str) -> Result<Url, String> {
    const SHAPE: &str = "once it is filled in, it must look like https://example.org/path";
    let shown = shown.escape_debug();
    if text.is_empty() {
        return Err(format!("This is empty; {SHAPE}."));
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("This is longer than {MAX_TEXT_BYTES} bytes once it is filled in."));
    }
    // The parser would drop them without a word and so send to another address than the one that is read.
    if text.chars().any(char::is_control) {
        return Err(format!("“{shown}” has line breaks or control characters; {SHAPE}."));
    }
    match Url::parse(text) {
        Err(error) => Err(format!("“{shown}” is not an absolute URL ({error}); {SHAPE}.")),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Err(format!("{}:// is not possible here; {SHAPE}.", url.scheme()))
        }
        Ok(url) if url.host_str().is_none_or(str::is_empty) => {
            Err(format!("“{shown}” has no host; {SHAPE}."))
        }
        Ok(url) => Ok(url),
    }
}

fn is_form(name: &str, value: &str) -> bool {
    let media_type = value.split(';').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("content-type")
        && media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
