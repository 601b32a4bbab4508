//! Stored secrets go only where they were meant to go: whoever may edit a monitor need not know its secrets, and could otherwise
//! have them sent to an address of their own, or read them on the way.

use super::request::{Auth, Header};
use crate::{
    form::FormReader,
    integration::{ONCE_MORE, origin},
    secret::{MASK, Secret},
};

/// What is said of a secret that would go through a proxy that it did not go through before.
const THROUGH_PROXY: &str = "Enter the secret once more: the proxy changed.";
/// What is said of a secret that would go to a server that does not have to prove who it is any more.
const UNPROVEN: &str = "Enter the secret once more: the certificate is no longer checked.";

/// Where a request goes, and on which way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) url: &'a str,
    pub(super) proxy: Option<&'a Secret>,
    /// Whether the other side has to prove who it is.
    pub(super) verify_tls: bool,
}

impl Way<'_> {
    /// Why the secrets that went on the way `before` must not go on this one.
    fn forbids(&self, before: &Self) -> Option<&'static str> {
        let now = origin(self.url)?;
        if origin(before.url) != Some(now) {
            Some(ONCE_MORE)
        } else if self.proxy.is_some_and(|proxy| !proxy.is_empty() && before.proxy != Some(proxy)) {
            Some(THROUGH_PROXY)
        } else if before.verify_tls && !self.verify_tls {
            Some(UNPROVEN)
        } else {
            None
        }
    }
}

/// Refuses secrets of headers and of `auth` that were not sent, but stored, when the request goes to another scheme, host or port now,
/// through another proxy, or to somebody whose certificate is no longer checked.
pub(super) fn refuse(
    reader: &mut FormReader<'_>,
    before: Option<(Way<'_>, &[Header])>,
    now: Way<'_>,
    auth: &Auth,
) {
    let Some((before, old_headers)) = before else { return };
    let Some(why) = now.forbids(&before) else { return };
    let (field, secret) = match auth {
        Auth::None => ("auth", None),
        Auth::Basic { password, .. } => ("password", Some(password)),
        Auth::Bearer { token } => ("token", Some(token)),
    };
    if secret.is_some_and(|secret| !secret.is_empty()) && reader.secret(field, None).is_none() {
        reader.error(field, why);
    }
    let keeps = |line: &String| {
        line.split_once(':').is_some_and(|(name, value)| {
            value.trim() == MASK
                && old_headers.iter().any(|header| header.name.eq_ignore_ascii_case(name.trim()))
        })
    };
    if reader.lines("headers").iter().any(keeps) {
        reader.error("headers", why);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HttpSettings, KindSettings, WebSocketSettings};
    use crate::form::Form;

    fn with_secrets<T: KindSettings>(url: &str, auth: &[(&str, &str)]) -> (T, Form) {
        let mut form: Form =
            T::FIELDS.iter().map(|field| (field.name.to_owned(), field.default.to_owned())).collect();
        let headers = ("headers", "X-Api-Key: s3cret\nX-Team: ops");
        for (name, value) in [("url", url), headers].iter().chain(auth) {
            form.insert((*name).to_owned(), (*value).to_owned());
        }
        let settings = T::from_form(&form, None).unwrap();
        let shown = settings.to_form();
        (settings, shown)
    }

    /// The fields that are refused when only these are changed.
    fn refused<T: KindSettings>(old: &(T, Form), changes: &[(&str, &str)]) -> Vec<String> {
        let mut form = old.1.clone();
        form.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let errors = T::from_form(&form, Some(&old.0)).err().unwrap_or_default();
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn stored_secrets_do_not_follow_a_changed_address() {
        let basic = [("auth", "basic"), ("username", "me"), ("password", "pw")];
        let old = with_secrets::<HttpSettings>("https://a.example/1", &basic);
        assert!(refused(&old, &[("url", "https://A.example:443/2?x")]).is_empty(), "the same host");
        for url in ["https://b.example/1", "http://a.example/1", "https://a.example:8443/1"] {
            assert_eq!(refused(&old, &[("url", url)]), ["password", "headers"], "{url}");
        }
        let entered = [("url", "https://b.example"), ("password", "new"), ("headers", "X-Api-Key: other")];
        assert!(refused(&old, &entered).is_empty());
        let removed = [("url", "https://b.example"), ("auth", "none"), ("headers", "X-Team: ops")];
        assert!(refused(&old, &removed).is_empty());
        let pasted = [("url", "https://x:y@b.example"), ("auth", "none")];
        assert_eq!(refused(&old, &pasted), ["headers"]);

        let bearer = [("auth", "bearer"), ("token", "t0ken")];
        let old = with_secrets::<WebSocketSettings>("wss://a.example/1", &bearer);
        assert!(refused(&old, &[("url", "wss://a.example/2")]).is_empty());
        assert_eq!(refused(&old, &[("url", "wss://b.example/1")]), ["token", "headers"]);
    }
    #[test]
    fn stored_secrets_take_no_other_way() {
        let basic = [("auth", "basic"), ("username", "me"), ("password", "pw")];
        let old = with_secrets::<HttpSettings>("https://a.example/1", &basic);
        let proxy = ("proxy", "http://p.example:3128");
        assert_eq!(refused(&old, &[proxy]), ["password", "headers"]);
        assert_eq!(refused(&old, &[("verify_tls", "false")]), ["password", "headers"]);
        let entered = [proxy, ("verify_tls", "false"), ("password", "new"), ("headers", "X-Api-Key: other")];
        assert!(refused(&old, &entered).is_empty());

        // Through a proxy before: the same one, or none at all.
        let behind = [basic.as_slice(), &[("proxy", "http://me:pw@p.example:3128"), ("verify_tls", "false")]];
        let old = with_secrets::<HttpSettings>("https://a.example/1", &behind.concat());
        assert!(refused(&old, &[("keyword", "ok")]).is_empty());
        assert!(refused(&old, &[("proxy", "")]).is_empty());
        assert!(refused(&old, &[("verify_tls", "true")]).is_empty());
        for other in
            ["http://me:pw@q.example:3128", "http://you:pw@p.example:3128", "socks5://p.example:3128"]
        {
            assert_eq!(refused(&old, &[("proxy", other)]), ["password", "headers"], "{other}");
        }

        let old = with_secrets::<WebSocketSettings>("wss://a.example/1", &[("auth", "none")]);
        assert_eq!(refused(&old, &[("verify_tls", "false")]), ["headers"]);
    }
}
