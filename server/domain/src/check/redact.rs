//! Keeping secrets out of what is shown: names that announce a secret, URLs, and whole reports.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::outcome::{CheckReport, Outcome};
use crate::secret::MASK;

/// Parts of a header or query name that announce a secret.
const SENSITIVE: &[&str] = &[
    "auth",
    "cookie",
    "token",
    "secret",
    "passw",
    "pwd",
    "apikey",
    "api-key",
    "api_key",
    "signature",
    "credential",
    "session",
];
/// Names that announce a secret as a whole.
const SENSITIVE_WHOLE: &[&str] = &["key", "sig", "code", "x-amz-security-token", "pass"];
/// What stands before `-key` or `_key` at the end of a name that announces no secret.
const KNOWN_KEYS: &[&str] =
    &["idempotency", "websocket", "surrogate", "cache", "public", "partition", "sort"];
/// A secret that is shorter would also mask plain words, so it is left.
const MIN_SECRET_BYTES: usize = 4;

/// Whether a header or query parameter of this name is likely to carry a secret.
pub fn is_sensitive(name: &str) -> bool {
    let name = lowercase(name);
    // An announcement, not a secret: `WWW-Authenticate` says how to log in.
    name != "www-authenticate"
        && name != "proxy-authenticate"
        && (SENSITIVE_WHOLE.contains(&name.as_ref())
            || SENSITIVE.iter().any(|part| name.contains(part))
            || ends_in_key(&name))
}

/// Whether the last word is `key`, as in `Ocp-Apim-Subscription-Key`, and it is none that everybody may know.
fn ends_in_key(name: &str) -> bool {
    let before = name.strip_suffix("-key").or_else(|| name.strip_suffix("_key"));
    before.is_some_and(|before| !KNOWN_KEYS.iter().any(|word| before.ends_with(word)))
}

/// Names of headers come in lower case already, for every check.
fn lowercase(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// A URL without what must not be shown: credentials are left out, values of sensitive parameters masked, the fragment
/// dropped.
pub fn shown_url(url: &Url) -> String {
    let has_secret_query = url.query_pairs().any(|(name, _)| is_sensitive(&name));
    if url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && !has_secret_query
    {
        return url.as_str().to_owned();
    }
    let mut shown = url.clone();
    // Refused only for URLs without a host, which have no credentials either.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    if has_secret_query {
        let masked: Vec<String> = url
            .query()
            .unwrap_or_default()
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if is_sensitive(name) => format!("{name}={MASK}"),
                _ => pair.to_owned(),
            })
            .collect();
        shown.set_query(Some(&masked.join("&")));
    }
    shown.into()
}

/// Masks every occurrence of the secrets in the texts of a report: a target may echo what it was sent.
///
/// A secret of less than four bytes is not looked for.
#[must_use]
pub fn scrub(mut report: CheckReport, secrets: &[String]) -> CheckReport {
    let secrets: Vec<&str> =
        secrets.iter().map(String::as_str).filter(|s| s.len() >= MIN_SECRET_BYTES).collect();
    if secrets.is_empty() {
        return report;
    }
    let answer = report.answer.take().map(|answer| masked(&answer, &secrets));
    CheckReport { answer, ..scrub_parts(report, &secrets) }
}

fn masked(text: &Arc<String>, secrets: &[&str]) -> Arc<String> {
    let hits = secrets.iter().filter(|secret| text.contains(**secret));
    hits.fold(Arc::clone(text), |text, secret| Arc::new(text.replace(secret, MASK)))
}

fn scrub_parts(report: CheckReport, secrets: &[&str]) -> CheckReport {
    let Ok(mut value) = serde_json::to_value(&report) else { return without_evidence(report) };
    if !mask(&mut value, secrets) {
        return report;
    }
    // Something of it became unreadable, such as an address that is also a password.
    serde_json::from_value(value).unwrap_or_else(|_| without_evidence(report))
}

fn without_evidence(report: CheckReport) -> CheckReport {
    let outcome = match report.outcome {
        Outcome::Down { .. } => Outcome::down(super::failure::Failure::Withheld),
        other => other,
    };
    CheckReport { latency_us: report.latency_us, phases: report.phases, ..CheckReport::bare(outcome) }
}

fn mask(value: &mut Value, secrets: &[&str]) -> bool {
    match value {
        Value::String(text) => {
            let mut hit = false;
            for secret in secrets {
                if text.contains(secret) {
                    *text = text.replace(secret, MASK);
                    hit = true;
                }
            }
            hit
        }
        Value::Array(items) => items.iter_mut().fold(false, |hit, item| mask(item, secrets) | hit),
        Value::Object(fields) => fields.iter_mut().fold(false, |hit, (name, item)| {
            // The names of variants are ours and never secret.
            let ours = matches!(name.as_str(), "type" | "state" | "phase" | "operator");
            (!ours && mask(item, secrets)) | hit
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::failure::Failure, *};

    #[test]
    fn a_shown_url_has_no_credentials_fragment_or_token() {
        let shown = |text: &str| shown_url(&Url::parse(text).unwrap());
        assert_eq!(shown("https://me:pw@example.org/a?b=1#x"), "https://example.org/a?b=1");
        assert_eq!(
            shown("https://example.org/?api_key=abc&q=1"),
            "https://example.org/?api_key=********&q=1"
        );
        assert_eq!(shown("https://example.org/a?b=%20"), "https://example.org/a?b=%20");
    }

    #[test]
    fn names_that_announce_a_secret_are_known() {
        for name in [
            "Authorization",
            "Set-Cookie",
            "X-Api-Key",
            "x-auth-token",
            "access_token",
            "PHPSESSID-session",
            "Ocp-Apim-Subscription-Key",
            "X-Functions-Key",
            "x-goog-my_key",
        ] {
            assert!(is_sensitive(name), "{name}");
        }
        for name in [
            "Content-Type",
            "WWW-Authenticate",
            "X-Request-Id",
            "Cache-Control",
            "keyword",
            "Idempotency-Key",
            "Sec-WebSocket-Key",
            "Surrogate-Key",
            "monkey",
        ] {
            assert!(!is_sensitive(name), "{name}");
        }
    }

    #[test]
    fn an_echoed_secret_is_masked_everywhere() {
        let mut report = CheckReport::bare(Outcome::down(Failure::ExpectMismatch {
            expected: "ok".into(),
            got: "no hunter2".into(),
        }));
        report.evidence.excerpt = Some("you sent hunter2".into());
        report.evidence.headers = vec![("x-echo".into(), "hunter2".into())];
        report.answer = Some(Arc::new("and then you sent hunter2".into()));
        let scrubbed = scrub(report, &["hunter2".to_owned()]);
        assert_eq!(scrubbed.answer.as_deref().unwrap(), "and then you sent ********");
        assert!(!serde_json::to_string(&scrubbed).unwrap().contains("hunter2"));
        assert_eq!(scrubbed.evidence.excerpt.as_deref(), Some("you sent ********"));
    }

    #[test]
    fn a_report_without_the_secret_is_left_as_it_is() {
        let report = CheckReport::bare(Outcome::down(Failure::KeywordMissing { keyword: "hello".into() }));
        assert_eq!(scrub(report.clone(), &["hunter2".to_owned(), "he".to_owned()]), report);
    }
}
