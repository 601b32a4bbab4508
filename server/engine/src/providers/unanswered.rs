//! Why a request was not answered, in the words of the checks, and what to do about it.

use std::time::Duration;

use domain::check::target::host_port;
use domain::check::{Failure, Outcome};
use reqwest::Url;

use super::DeliveryError;
use crate::checks::{Refused, Unresolved, message_outcome};

/// What an error of the client means; nothing of the URL but its host and port is repeated.
pub(super) fn meaning(error: &reqwest::Error, url: &str, within: Duration) -> DeliveryError {
    // The innermost cause says what happened; those around it repeat the URL, which may hold a token.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if let Some(refused) = cause.downcast_ref::<Refused>() {
        return DeliveryError::permanent(refused.to_string());
    }
    if let Some(unresolved) = cause.downcast_ref::<Unresolved>() {
        return DeliveryError::retry(format!("{unresolved} Check the address."));
    }
    if error.is_timeout() {
        return DeliveryError::retry(format!("no answer within {} s", within.as_secs()));
    }
    let outcome = message_outcome(error, &address(url));
    let remedy = outcome.advice().or_else(|| remedy(&outcome));
    DeliveryError::retry(format!(
        "{}{}",
        outcome.sentence(),
        remedy.map(|words| format!(" {words}")).unwrap_or_default()
    ))
}

/// Host and port of a URL.
fn address(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or("the server");
    let port = url.as_ref().and_then(Url::port_or_known_default).unwrap_or(443);
    host_port(host.trim_start_matches('[').trim_end_matches(']'), port)
}

/// What to do, for what does not pass by itself.
fn remedy(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Down { failure: Failure::ConnectRefused { .. } | Failure::ConnectError { .. } } => {
            Some("Check the address.")
        }
        Outcome::Down { failure: Failure::TlsError { .. } | Failure::ProtocolError { .. } } => {
            Some("Check the address: its port, and whether it begins with http or https.")
        }
        _ => None,
    }
}
