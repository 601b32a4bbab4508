//! Reads the facts out of a certificate, once for each chain: a thousand checks a second see the same few.

use std::{
    collections::HashMap,
    fmt::Write as _,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use domain::check::{CertificateFacts, ChainLink};
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, parse_x509_certificate, public_key::PublicKey,
};

/// The most chains that are remembered: about 2 kB each.
const MAX_REMEMBERED: usize = 8_192;
/// The most names of a certificate that are kept; some have thousands.
const MAX_NAMES: usize = 100;
/// The most certificates above the leaf that are kept.
const MAX_CHAIN: usize = 10;

/// The facts of the chains seen so far, by a keyed hash over the whole chain.
#[derive(Debug, Default)]
pub(crate) struct FactsCache {
    hasher: RandomState,
    seen: Mutex<HashMap<u64, Arc<CertificateFacts>>>,
}

impl FactsCache {
    /// The facts of a chain; `None` when the leaf is not a certificate.
    pub(crate) fn facts(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
    ) -> Option<Arc<CertificateFacts>> {
        let key = self.hasher.hash_one((leaf.as_ref(), above));
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = seen().get(&key) {
            return Some(Arc::clone(facts));
        }
        let facts = Arc::new(read(leaf, above)?);
        let mut seen = seen();
        if seen.len() >= MAX_REMEMBERED {
            seen.clear();
        }
        seen.insert(key, Arc::clone(&facts));
        Some(facts)
    }
}

fn read(leaf: &[u8], above: &[CertificateDer<'_>]) -> Option<CertificateFacts> {
    let (_, certificate) = parse_x509_certificate(leaf).ok()?;
    let link = |der: &CertificateDer<'_>| {
        let (_, certificate) = parse_x509_certificate(der).ok()?;
        Some(ChainLink {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_after_ms: certificate.validity().not_after.timestamp().saturating_mul(1_000),
        })
    };
    Some(CertificateFacts {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names(&certificate),
        not_before_ms: certificate.validity().not_before.timestamp().saturating_mul(1_000),
        not_after_ms: certificate.validity().not_after.timestamp().saturating_mul(1_000),
        serial: hex(certificate.raw_serial()),
        fingerprint_sha256: hex(&Sha256::digest(leaf)),
        key: key(&certificate),
        self_signed: certificate.subject() == certificate.issuer(),
        chain: above.iter().take(MAX_CHAIN).filter_map(link).collect(),
    })
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|octets| IpAddr::from(octets).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|octets| IpAddr::from(octets).to_string()),
            _ => None,
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).take(MAX_NAMES).collect()
}

fn key(certificate: &X509Certificate<'_>) -> String {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("EC {}", point.key_size()),
        Ok(PublicKey::DSA(_)) => "DSA".to_owned(),
        // Ed25519 (RFC 8410) is not among the parsed ones.
        _ if certificate.public_key().algorithm.algorithm.to_id_string() == "1.3.101.112" => {
            "Ed25519".to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
