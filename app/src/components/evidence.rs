//! What a check saw: the answer to "why".

use std::fmt::Write as _;

use domain::check::{CheckReport, Outcome, Phases};
use domain::secret::MASK;
use leptos::prelude::*;

use super::chart::PHASES;
use super::icon::Icon;
use super::state;
use super::tries::in_short;
use crate::browser::Shape;
use crate::words;

/// So many further reports stand in the open; more are folded away together.
const IN_SIGHT: usize = 2;

/// The reports besides the one that is shown in full.
#[component]
pub fn MoreEvidence(
    /// How many.
    count: usize,
    /// What they are called together.
    words: &'static str,
    /// The reports, each folded.
    children: Children,
) -> impl IntoView {
    if count <= IN_SIGHT {
        return children().into_any();
    }
    view! {
        <details class="fold">
            <summary><Icon name="chevron-right"/>{words}<span class="muted">{count}</span></summary>
            {children()}
        </details>
    }
    .into_any()
}

/// A report in full.
#[component]
pub fn EvidenceView(
    /// What was found.
    report: CheckReport,
) -> impl IntoView {
    let shown = state::of_outcome(&report.outcome);
    let headline = match &report.outcome {
        Outcome::Up => in_short(&report),
        other => other.sentence(),
    };
    let answer = answer(&report);
    let evidence = &report.evidence;
    let facts: Vec<(&'static str, String)> = [
        ("Asked", evidence.request.clone()),
        ("Resolved", list(evidence.addresses.iter())),
        ("Dialled", evidence.remote.map(|remote| remote.to_string())),
        ("Took", report.latency_us.map(words::latency)),
        ("Protocol", evidence.protocol.clone()),
        ("TLS", evidence.tls.clone()),
        ("Redirects", list(evidence.redirects.iter().map(|hop| format!("{} to {}", hop.status, hop.to)))),
        ("Records", list(evidence.records.iter())),
        (
            "Echoes",
            evidence.ping.map(|ping| {
                format!(
                    "{} of {} came back, {} / {} / {}",
                    ping.received,
                    ping.sent,
                    words::latency(ping.min_us),
                    words::latency(ping.mean_us),
                    words::latency(ping.max_us)
                )
            }),
        ),
        ("Body", evidence.body_bytes.map(|bytes| words::bytes(i64::try_from(bytes).unwrap_or(i64::MAX)))),
    ]
    .into_iter()
    .filter_map(|(name, fact)| Some((name, fact?)))
    .collect();
    let rules = evidence.assertions.iter().map(|rule| {
        let (state, icon) = if rule.passed { ("up", "check") } else { ("down", "x") };
        let was = rule.actual.as_ref().map(|actual| format!(" (was {actual})")).unwrap_or_default();
        view! { <li class="state" data-state=state><Icon name=icon/>{format!("{} {} {}{was}", rule.subject, rule.comparison, rule.expected)}</li> }
    });
    let notes = evidence.notes.clone();
    view! {
        <div class="evidence" data-state=shown.as_str()>
            <p class="why"><Icon name=state::icon(shown)/>{headline}</p>
            {report.advice().map(|advice| view! { <p>{advice}</p> })}
            <Waterfall phases=report.phases/>
            <dl>
                {facts.into_iter().map(|(name, fact)| view! { <dt>{name}</dt><dd>{fact}</dd> }).collect_view()}
                {report.certificate.clone().map(|certificate| view! {
                    <dt>"Certificate"</dt>
                    <dd>{certificate.subject.clone()}", until "
                        <super::time::Time at=domain::time::Timestamp(certificate.not_after_ms) shape=Shape::Day/></dd>
                    <dt>"Issued by"</dt><dd>{certificate.issuer.clone()}</dd>
                })}
            </dl>
            {(!evidence.assertions.is_empty()).then(|| view! { <ul>{rules.collect_view()}</ul> })}
            {notes.into_iter().map(|note| view! { <p class="muted">{note}</p> }).collect_view()}
            {(!answer.is_empty()).then(|| view! { <pre class="code" tabindex="0" aria-label="Answer">{redacted(&answer)}</pre> })}
        </div>
    }
}

/// Where the time went, one phase after the other.
#[component]
fn Waterfall(phases: Phases) -> impl IntoView {
    let times: Vec<_> = PHASES.iter().filter_map(|phase| Some((phase, (phase.of_check)(&phases)?))).collect();
    let whole: i64 = times.iter().map(|(_, time)| time).sum();
    if whole <= 0 {
        return None;
    }
    let mut from = 0;
    let parts = times.into_iter().map(|(phase, time)| {
        let start = from;
        from += time;
        let title = format!("{} {}", phase.label, words::latency(time));
        view! { <rect class=format!("phase-{}", phase.class) x=start width=time height="10"><title>{title}</title></rect> }
    });
    let parts = parts.collect_view();
    Some(
        view! { <svg class="waterfall" viewBox=format!("0 0 {whole} 10") preserveAspectRatio="none">{parts}</svg> },
    )
}

/// Status line, headers and the start of the body, as they came.
fn answer(report: &CheckReport) -> String {
    let evidence = &report.evidence;
    let mut text = String::new();
    if let Some(status) = evidence.status {
        let _ = writeln!(text, "{} {status}", evidence.protocol.as_deref().unwrap_or("HTTP"));
    }
    for (name, value) in &evidence.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    if let Some(excerpt) = evidence.excerpt.as_deref().filter(|excerpt| !excerpt.is_empty()) {
        let _ = write!(text, "{}{excerpt}", if text.is_empty() { "" } else { "\n" });
    }
    text
}

/// The text with its masks marked as such.
fn redacted(text: &str) -> impl IntoView + use<> {
    let mut parts = Vec::new();
    for (i, part) in text.split(MASK).enumerate() {
        if i > 0 {
            parts.push(view! { <span class="redacted">"redacted"</span> }.into_any());
        }
        parts.push(part.to_owned().into_any());
    }
    parts
}

fn list<T: ToString>(items: impl Iterator<Item = T>) -> Option<String> {
    let items: Vec<_> = items.map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(", "))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn many_reports_are_folded_away_together() {
        Owner::new().with(|| {
            let drawn =
                |count| view! { <MoreEvidence count words="Later checks">"reports"</MoreEvidence> }.to_html();
            assert!(!drawn(2).contains("<details"), "few of them stand in the open");
            let many = drawn(3);
            assert!(
                many.contains("<details") && many.contains("Later checks") && many.contains("reports"),
                "{many}"
            );
        });
    }
}
