//! What a check found: the outcome, how long each phase took, and the evidence.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{certificate::CertificateFacts, evidence::Evidence, failure::Failure};

/// What whoever runs this installation can do about an authority that only they know. Of no use to anybody else, so that it stands in no
/// reason of an outage.
pub const OWN_AUTHORITY: &str = "To trust an authority of your own, name it in SSL_CERT_FILE.";

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// What was found.
    pub outcome: Outcome,
    /// How long the target took to answer, in microseconds, redirects included; `None` when it did not answer.
    pub latency_us: Option<i64>,
    /// Where the time went.
    #[serde(default)]
    pub phases: Phases,
    /// What was seen, for people who ask why.
    #[serde(default)]
    pub evidence: Evidence,
    /// The certificate that was presented, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Arc<CertificateFacts>>,
    /// The answer of a failing check where it is longer than the excerpt and somebody is to be told all of it; kept by itself.
    #[serde(skip)]
    pub answer: Option<Arc<String>>,
}

impl CheckReport {
    /// A report without timings or evidence.
    pub fn bare(outcome: Outcome) -> Self {
        Self {
            outcome,
            latency_us: None,
            phases: Phases::default(),
            evidence: Evidence::default(),
            certificate: None,
            answer: None,
        }
    }

    /// What whoever runs this installation can do about an outcome, where the target stands in a network of their own.
    pub fn advice(&self) -> Option<&'static str> {
        let seen = &self.evidence;
        let is_own = match seen.remote {
            Some(remote) => is_near(remote.ip()),
            // A handshake that failed leaves no connection to speak of.
            None => !seen.addresses.is_empty() && seen.addresses.iter().copied().all(is_near),
        };
        self.outcome.advice().filter(|_| is_own)
    }

    /// Why a success counts as slow under a limit in milliseconds; `None` when it does not, or was none.
    pub fn slow(&self, limit_ms: Option<i64>) -> Option<Degradation> {
        let (Outcome::Up, Some(limit), Some(latency)) = (&self.outcome, limit_ms, self.latency_us) else {
            return None;
        };
        let slow = latency > limit.saturating_mul(1_000);
        slow.then(|| Degradation::Slow {
            latency_ms: u64::try_from(latency / 1_000).unwrap_or(0),
            limit_ms: u64::try_from(limit).unwrap_or(0),
        })
    }
}

/// Whether an address is one of a private network, or of this machine.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_private() || address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback()
        }
    }
}

/// What a check says about its target. A target that is down is not an error of the check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// It answered as wanted.
    Up,
    /// It answered, but not well.
    Degraded {
        /// What is not well.
        reason: Degradation,
    },
    /// It did not answer as wanted.
    Down {
        /// In which way.
        failure: Failure,
    },
    /// Nothing can be said about the target: the check itself could not be made.
    Unknown {
        /// Why we could not look.
        why: Blindness,
    },
}

impl Outcome {
    /// Short for `Down { failure }`.
    pub fn down(failure: Failure) -> Self {
        Self::Down { failure }
    }

    /// What whoever runs this installation can do about it, if the target is theirs.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Down { failure: Failure::CertificateUntrusted { self_signed: false, .. } } => {
                Some(OWN_AUTHORITY)
            }
            _ => None,
        }
    }

    /// A sentence for people; empty when all is well.
    pub fn sentence(&self) -> String {
        match self {
            Self::Up => String::new(),
            Self::Degraded { reason } => reason.sentence(),
            Self::Down { failure } => failure.sentence(),
            Self::Unknown { why } => why.sentence(),
        }
    }
}

/// In which way a target answers, but not well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Degradation {
    /// It answered slower than the monitor allows.
    Slow {
        /// The time it took, in milliseconds.
        latency_ms: u64,
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// Some echo requests were lost.
    PacketLoss {
        /// Echo requests sent.
        sent: u32,
        /// Echo replies received.
        received: u32,
    },
    /// The certificate runs out soon, and the monitor asks for a warning only.
    CertificateExpiresSoon {
        /// Whole days left.
        days: i64,
        /// The days that should be left.
        min_days: u32,
    },
}

impl Degradation {
    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Slow { latency_ms, limit_ms } => {
                format!("Answered in {latency_ms} ms; the limit is {limit_ms} ms.")
            }
            Self::PacketLoss { sent, received } => {
                format!("{} of {sent} echo requests were lost.", sent.saturating_sub(*received))
            }
            Self::CertificateExpiresSoon { days, min_days } => {
                format!("The certificate expires in {days} days; at least {min_days} should be left.")
            }
        }
    }
}

/// Why nothing can be said about a target. It never opens an incident and is left out of uptime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Blindness {
    /// Our own network does not reach anything.
    NoConnectivity,
    /// The host slept, so the check says nothing about that time.
    HostSlept {
        /// For how long, in milliseconds.
        slept_ms: u64,
    },
    /// This node had too much to do to check in time.
    Overloaded,
    /// The system forbids what the check needs.
    NotPermitted {
        /// What is forbidden.
        what: String,
        /// What an operator can do about it.
        remedy: String,
    },
    /// Something on this machine is missing or exhausted (file descriptors, memory).
    LocalFault {
        /// What the system said.
        message: String,
    },
    /// The stored settings cannot be run.
    Misconfigured {
        /// What is wrong and what would be right.
        message: String,
    },
    /// The kind is not checked by reaching out: others call us.
    NotPolled,
}

impl Blindness {
    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::NoConnectivity => {
                "Our own network reaches nothing, so the target was not judged.".to_owned()
            }
            Self::HostSlept { slept_ms } => format!("This host slept for {} s.", slept_ms / 1000),
            Self::Overloaded => "This node had too much to do to check in time.".to_owned(),
            Self::NotPermitted { what, remedy } => format!("The system does not permit {what}. {remedy}"),
            Self::LocalFault { message } => {
                format!("The check could not be made on this machine: {message}.")
            }
            Self::Misconfigured { message } => format!("The settings cannot be run: {message}"),
            Self::NotPolled => "This monitor waits to be called.".to_owned(),
        }
    }
}

/// How long each phase took, in microseconds, summed over redirects; `None` where a phase did not take place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Phases {
    /// Looking the name up.
    pub dns_us: Option<i64>,
    /// Connecting.
    pub connect_us: Option<i64>,
    /// The TLS handshake.
    pub tls_us: Option<i64>,
    /// From the request to the first byte of the answer.
    pub wait_us: Option<i64>,
    /// From the first byte to the last.
    pub download_us: Option<i64>,
}

/// A step of a check, in the order in which they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looking the name up.
    Dns,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Waiting for the answer to begin.
    Wait,
    /// Reading the answer.
    Download,
}

impl Phase {
    /// What was going on, to follow "while".
    pub fn doing(self) -> &'static str {
        match self {
            Self::Dns => "looking up the name",
            Self::Connect => "connecting",
            Self::Tls => "in the TLS handshake",
            Self::Wait => "waiting for the answer",
            Self::Download => "reading the answer",
        }
    }
}
