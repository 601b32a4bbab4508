//! tls: days left, name, chain and protocol.

use std::sync::Arc;

use domain::{
    check::{
        Degradation, Failure, Outcome, TlsSettings,
        certificate::DAY_MS,
        target::host_port,
        tls::{MinimumTls, OnFewDays},
    },
    form::Choice as _,
};
use rustls::ProtocolVersion;
use tokio::io::AsyncWriteExt as _;

use super::{Probe, dial};

/// Runs a tls check.
pub(super) async fn run(settings: &TlsSettings, probe: &Probe<'_>) -> Outcome {
    let request =
        format!("TLS handshake with {} as {}", host_port(&settings.host, settings.port), settings.name());
    probe.trace.with(|notes| notes.evidence.request = Some(request));
    let minimum = format!("TLS {}", settings.minimum_tls.as_str());
    let stream = match dial::connect(probe, &settings.host, settings.port, settings.ip_version).await {
        Ok(stream) => stream,
        Err(outcome) => return outcome,
    };
    let config = Arc::clone(&probe.shared.tls);
    let mut stream = match dial::handshake(probe, stream, settings.name(), config, &minimum).await {
        Ok(stream) => stream,
        Err(outcome) => return outcome,
    };
    probe.trace.answered();
    let version = stream.get_ref().1.protocol_version();
    // A polite end; the verdict does not depend on it.
    let _ = stream.shutdown().await;
    let (verdict, facts) = probe.trace.with(|notes| (notes.verdict.clone(), notes.certificate.clone()));
    if let Some(problem) = verdict.problem(settings.check_chain) {
        return Outcome::down(problem);
    }
    let Some(facts) = facts else {
        return Outcome::down(Failure::TlsError { reason: "the certificate cannot be read".to_owned() });
    };
    if settings.minimum_tls == MinimumTls::Tls13 && version == Some(ProtocolVersion::TLSv1_2) {
        return Outcome::down(Failure::WeakProtocol { got: "TLS 1.2".to_owned(), minimum });
    }
    let days = (facts.earliest_expiry_ms(verdict.at_ms) - verdict.at_ms).div_euclid(DAY_MS);
    let min_days = settings.min_days;
    match (days < i64::from(min_days), settings.on_few_days) {
        (false, _) => Outcome::Up,
        (true, OnFewDays::Down) => Outcome::down(Failure::CertificateExpiresSoon { days, min_days }),
        (true, OnFewDays::Degraded) => {
            Outcome::Degraded { reason: Degradation::CertificateExpiresSoon { days, min_days } }
        }
    }
}
