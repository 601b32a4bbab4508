//! A certificate that a check shows to servers that ask for one: what http and websocket share of it.

use serde::{Deserialize, Serialize};

use crate::{
    form::{Field, FieldError, FieldKind, Form, FormReader, put_secret},
    secret::Secret,
};

/// The name of the field of the certificate.
const CERTIFICATE: &str = "client_certificate";
/// The name of the field of its key.
const KEY: &str = "client_key";

/// The field of the certificate.
pub(super) const CERTIFICATE_FIELD: Field =
    Field::new(CERTIFICATE, "Client certificate", FieldKind::TextArea)
        .placeholder("-----BEGIN CERTIFICATE-----")
        .help("PEM, with intermediates behind it, for servers that ask for one.")
        .advanced();
/// The field of its key.
pub(super) const KEY_FIELD: Field = Field::new(KEY, "Client key", FieldKind::SecretArea)
    .help("The private key of the certificate, as PEM.")
    .advanced();

/// A certificate and key that the check shows to the server, both as PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificate {
    /// The certificate, with its intermediates behind it.
    pub certificate: String,
    /// The private key (PKCS#8, PKCS#1 or SEC1).
    pub key: Secret,
}

impl ClientCertificate {
    /// What a form says; a key that was not sent stays the `old` one.
    pub(super) fn read(reader: &mut FormReader<'_>, old: Option<&Self>) -> Option<Self> {
        let certificate = reader.long_text(CERTIFICATE).trim().to_owned();
        let key = reader.secret(KEY, old.map(|old| &old.key)).filter(|_| !certificate.is_empty());
        (!certificate.is_empty()).then(|| Self { certificate, key: key.unwrap_or_default() })
    }

    /// Writes it into a form; without one the fields are empty.
    pub(super) fn show(form: &mut Form, one: Option<&Self>) {
        form.insert(CERTIFICATE.to_owned(), one.map(|one| one.certificate.clone()).unwrap_or_default());
        put_secret(form, KEY, one.map(|one| &one.key));
    }

    /// Whether both look like PEM.
    pub(super) fn examine(&self, errors: &mut Vec<FieldError>) {
        if !self.certificate.contains("-----BEGIN CERTIFICATE-----") {
            let message = "This is not PEM: it begins with -----BEGIN CERTIFICATE-----.";
            errors.push(FieldError::new(CERTIFICATE, message));
        }
        if !self.key.expose().contains("PRIVATE KEY-----") {
            let message = "The certificate needs its private key as PEM, which begins with -----BEGIN PRIVATE KEY-----.";
            errors.push(FieldError::new(KEY, message));
        }
    }

    /// The same with its key masked.
    pub(super) fn redacted(&self) -> Self {
        Self { certificate: self.certificate.clone(), key: self.key.masked() }
    }
}
