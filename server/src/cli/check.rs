//! `pharos check`: one check, once, for scripts and for Nagios.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::check::{Blindness, CheckKind, CheckReport, Failure, Outcome, Phases, recognise};
use engine::checks::Checks;
use engine::clock::Clock;
use engine::connectivity::Connectivity;
use serde_json::json;

use crate::config::Config;
use crate::start;

/// The exit code when nothing can be said (Nagios plug-in guidelines, "Plugin Return Codes").
const UNKNOWN: u8 = 3;
const UP: u8 = 0;
const DEGRADED: u8 = 1;
const DOWN: u8 = 2;

/// What is to be checked.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to check, such as example.org, example.org:5432 or dns:, ping:, tls: and wss: addresses
    #[arg(value_name = "URL")]
    address: String,
    /// How long the check may take, in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
    /// Prints the whole report as JSON
    #[arg(long)]
    json: bool,
}

/// Checks, prints one line (or the report), and answers with the exit code.
pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<ExitCode> {
    start::install_tls_provider();
    let recognised = match recognise(&arguments.address) {
        Ok(recognised) => recognised,
        Err(error) => bail!("{}", error.message),
    };
    let settings = recognised.settings;
    if settings.kind() == CheckKind::Push {
        bail!("a push monitor waits to be called; there is nothing to check");
    }
    let checks = Checks::new(config.checks.engine()).context("the checks cannot be set up")?;
    let report = checks.run(&settings, Duration::from_secs(arguments.timeout)).await;
    let anchors = Connectivity::new(config.checks.anchors.0.clone(), Clock::System, Arc::default());
    let report = CheckReport { outcome: ours(report.outcome, &anchors).await, ..report };
    let target = settings.target();
    if arguments.json {
        let answer = json!({ "kind": settings.kind(), "target": target, "report": report });
        super::say(&serde_json::to_string_pretty(&answer)?);
    } else {
        super::say(&line(&target, &report));
    }
    Ok(ExitCode::from(code(&report.outcome)))
}

/// The outcome, or that nothing can be said: a target that may not be checked from here, and one that our own network does not reach,
/// was not judged. (A server knows more of its network, and keeps such failures apart by itself.)
async fn ours(outcome: Outcome, anchors: &Connectivity) -> Outcome {
    let Outcome::Down { failure } = &outcome else { return outcome };
    let why = match failure {
        Failure::ForbiddenTarget { .. } => Blindness::Misconfigured { message: failure.sentence() },
        Failure::ConnectError { reason, .. }
            if reason.to_ascii_lowercase().contains("network is unreachable") =>
        {
            Blindness::NoConnectivity
        }
        // The name servers of the target may be what fails, if anything else can be reached.
        Failure::DnsError { reason, .. }
            if reason.to_ascii_lowercase().contains("temporary failure") && !anchors.is_online().await =>
        {
            Blindness::NoConnectivity
        }
        _ => return outcome,
    };
    Outcome::Unknown { why }
}

/// What is wrong before anything was checked, where Nagios reads it: on standard output, in words that begin with the state.
pub(super) fn complain(error: &str) -> ExitCode {
    super::say(&format!("UNKNOWN: {}", error.trim_end().replace('|', "/")));
    ExitCode::from(UNKNOWN)
}

fn code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Up => UP,
        Outcome::Degraded { .. } => DEGRADED,
        Outcome::Down { .. } => DOWN,
        Outcome::Unknown { .. } => UNKNOWN,
    }
}

/// `UP https://example.org in 84 ms (dns 3, connect 11, tls 24, wait 45, download 1) | time=0.084000s`: the state, the
/// sentence if something is wrong, and after the bar what Nagios draws.
fn line(target: &str, report: &CheckReport) -> String {
    let state = match &report.outcome {
        Outcome::Up => "UP",
        Outcome::Degraded { .. } => "DEGRADED",
        Outcome::Down { .. } => "DOWN",
        Outcome::Unknown { .. } => "UNKNOWN",
    };
    let mut line = format!("{state} {target}");
    let sentence = report.outcome.sentence();
    if !sentence.is_empty() {
        line.push_str(": ");
        // One line, and no second bar: Nagios would take the rest for data.
        line.push_str(&sentence.replace(['\n', '\r'], " ").replace('|', "/"));
    }
    if let Some(latency_us) = report.latency_us {
        // Writing to a String cannot fail.
        let _ = write!(line, " in {}{}", milliseconds(latency_us), phases(&report.phases));
        let (seconds, rest) = (latency_us / 1_000_000, latency_us % 1_000_000);
        let _ = write!(line, " | time={seconds}.{rest:06}s");
    }
    line
}

fn phases(phases: &Phases) -> String {
    let named = [
        ("dns", phases.dns_us),
        ("connect", phases.connect_us),
        ("tls", phases.tls_us),
        ("wait", phases.wait_us),
        ("download", phases.download_us),
    ];
    let parts: Vec<_> =
        named.into_iter().filter_map(|(name, us)| Some(format!("{name} {}", milliseconds(us?)))).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// Whole milliseconds, and below ten with one digit more.
fn milliseconds(us: i64) -> String {
    if us < 10_000 { format!("{}.{} ms", us / 1_000, us % 1_000 / 100) } else { format!("{} ms", us / 1_000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_our_own_network_or_our_rules_keep_away_is_unknown() {
        let nobody = Connectivity::new(Vec::new(), Clock::System, Arc::default());
        let connect = |reason: &str| Failure::ConnectError {
            address: "192.0.2.1:443".to_owned(),
            reason: reason.to_owned(),
        };
        let dns =
            |reason: &str| Failure::DnsError { name: "example.org".to_owned(), reason: reason.to_owned() };
        let forbidden = Failure::ForbiddenTarget {
            address: "169.254.169.254".to_owned(),
            why: "it is link-local".to_owned(),
        };
        for failure in
            [forbidden, connect("network is unreachable"), dns("temporary failure in name resolution")]
        {
            let outcome = ours(Outcome::down(failure.clone()), &nobody).await;
            assert_eq!(code(&outcome), UNKNOWN, "{failure:?}");
        }
        for failure in [connect("no route to host"), dns("name or service not known")] {
            let outcome = ours(Outcome::down(failure.clone()), &nobody).await;
            assert_eq!(code(&outcome), DOWN, "{failure:?}");
        }
        // Somebody answers: what fails is the zone of the name.
        let anchor = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let online = Connectivity::new(vec![anchor.local_addr().unwrap()], Clock::System, Arc::default());
        let outcome = ours(Outcome::down(dns("temporary failure in name resolution")), &online).await;
        assert_eq!(code(&outcome), DOWN);
    }

    #[test]
    fn an_answer_is_one_line_with_the_data_that_nagios_draws() {
        let phases = Phases { dns_us: Some(3_140), wait_us: Some(45_000), ..Phases::default() };
        let report = CheckReport { latency_us: Some(84_210), phases, ..CheckReport::bare(Outcome::Up) };
        let expected = "UP https://example.org in 84 ms (dns 3.1 ms, wait 45 ms) | time=0.084210s";
        assert_eq!(line("https://example.org", &report), expected);
    }

    #[test]
    fn a_failure_is_said_without_a_bar_or_a_line_break() {
        let failure = Failure::TlsError { reason: "a|b\nc".to_owned() };
        let report = CheckReport::bare(Outcome::down(failure));
        let line = line("x", &report);
        assert!(line.starts_with("DOWN x: ") && !line.contains('|') && !line.contains('\n'), "{line}");
        assert_eq!(code(&report.outcome), 2);
    }
}
