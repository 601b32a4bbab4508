//! Taking secrets out of a form that was typed, before it is kept and shown again.

use url::Url;

use super::CheckKind;
use super::redact::is_sensitive;
use crate::form::{FieldKind, Form};
use crate::secret::MASK;

/// Takes the secrets out of the form of a monitor, of whatever kind: secret fields go, and of secret headers and of addresses with a
/// password in them only that part. Says whether there were any; a mask is none.
pub fn forget_secrets(form: &mut Form) -> bool {
    let before: usize = form.values().map(String::len).sum();
    form.retain(|name, value| value.is_empty() || !is_secret_field(name));
    if let Some(headers) = form.get_mut("headers") {
        *headers = headers.lines().map(without_value).collect::<Vec<_>>().join("\n");
    }
    for name in ["url", "proxy"] {
        if let Some(address) = form.get_mut(name) {
            without_password(address);
        }
    }
    before != form.values().map(String::len).sum::<usize>()
}

/// Whether a field of this name holds nothing but a secret, in any kind.
fn is_secret_field(name: &str) -> bool {
    let mut fields = CheckKind::ALL.iter().flat_map(|kind| kind.fields());
    fields.any(|field| field.name == name && matches!(field.kind, FieldKind::Secret | FieldKind::SecretArea))
}

fn without_value(line: &str) -> String {
    match line.split_once(':') {
        Some((name, value))
            if is_sensitive(name.trim()) && !value.trim().is_empty() && value.trim() != MASK =>
        {
            format!("{}:", name.trim())
        }
        _ => line.to_owned(),
    }
}

fn without_password(address: &mut String) {
    if let Ok(mut url) = Url::parse(address.trim())
        && url.password().is_some_and(|password| password != MASK)
        // Refused only for addresses without a host, which have no password either.
        && url.set_password(None).is_ok()
    {
        *address = url.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(values: &[(&str, &str)]) -> Form {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_that_is_shown_again_holds_no_secret() {
        let mut typed = form(&[
            ("kind", "http"),
            ("url", "https://me:hunter22@a.example/x"),
            ("proxy", "http://me:hunter22@p.example:3128"),
            ("headers", "Accept: text/html\nX-Api-Key: hunter22\nno colon"),
            ("password", "hunter22"),
            ("token", ""),
        ]);
        assert!(forget_secrets(&mut typed));
        let kept = form(&[
            ("kind", "http"),
            ("url", "https://me@a.example/x"),
            ("proxy", "http://me@p.example:3128/"),
            ("headers", "Accept: text/html\nX-Api-Key:\nno colon"),
            ("token", ""),
        ]);
        assert_eq!(typed, kept);
        assert!(!forget_secrets(&mut typed), "{typed:?}");
    }

    #[test]
    fn a_secret_that_is_stored_stays_masked() {
        let shown = form(&[
            ("headers", "X-Api-Key: ********\nAccept: */*"),
            ("proxy", "http://me:********@p.example:3128/"),
        ]);
        let mut kept = shown.clone();
        assert!(!forget_secrets(&mut kept));
        assert_eq!(kept, shown);
    }

    #[test]
    fn no_field_is_secret_in_one_kind_and_plain_in_another() {
        let fields = CheckKind::ALL.iter().flat_map(|kind| kind.fields());
        for field in fields.filter(|field| is_secret_field(field.name)) {
            assert!(matches!(field.kind, FieldKind::Secret | FieldKind::SecretArea), "{}", field.name);
        }
    }
}
