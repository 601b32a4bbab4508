//! How Pharos itself is doing.

use domain::time::Timestamp;
use domain::views::console::SystemHealth;
use leptos::prelude::*;

use super::figures;
use super::icon::Icon;
use super::time::Time;
use crate::words;

/// Checks that start later than this are late, in milliseconds: people set intervals in seconds.
const LATE: f64 = 1_000.0;
/// So many outcomes that wait are a queue.
const QUEUED: i64 = 1_000;

/// A line at the edge of the page.
#[component]
pub fn HealthChip(
    /// What was measured.
    health: SystemHealth,
) -> impl IntoView {
    let late = health.lateness_p99_ms.is_some_and(|late| late > LATE);
    let (state, icon, title) = if health.offline_since.is_some() {
        ("down", "wifi-off", "Our own network is dead")
    } else if late {
        ("degraded", "st-degraded", "Checks run late")
    } else if health.queued > QUEUED {
        ("degraded", "st-degraded", "Results wait to be recorded")
    } else {
        ("up", "st-operational", "Checks run on time")
    };
    view! {
        <p class="health" data-state=state>
            <Icon name=icon/>
            <span><strong>{title}</strong>{facts(&health)}</span>
        </p>
    }
}

fn facts(health: &SystemHealth) -> String {
    let late = health.lateness_p99_ms.map(|late| format!("Within {}", short(late)));
    let queue = (health.queued > 0).then(|| format!("{} to record", figures::thousands(health.queued)));
    late.into_iter().chain(queue).collect::<Vec<_>>().join(" · ")
}

/// Milliseconds for people: `7 ms`, `13.5 s`.
fn short(ms: f64) -> String {
    if ms < LATE { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1_000.0) }
}

/// The same in full, as a card.
#[component]
pub fn HealthCard(
    /// What was measured.
    health: SystemHealth,
    /// When.
    at: Timestamp,
) -> impl IntoView {
    let late = health.lateness_p99_ms.map_or_else(|| words::NOTHING.to_owned(), short);
    view! {
        <section class="card">
            <header><h2>"This server"</h2></header>
            <div class="evidence">
                <dl>
                    <dt>"Checks a minute"</dt><dd class="num">{figures::thousands(health.checks_per_minute)}</dd>
                    <dt>"99 of 100 begin within"</dt><dd class="num">{late}</dd>
                    <dt>"Results to record"</dt><dd class="num">{figures::thousands(health.queued)}</dd>
                    <dt>"Database"</dt><dd class="num">{words::bytes(health.database_bytes)}</dd>
                    {health.offline_since.map(|since| view! { <dt>"Offline since"</dt><dd><Time at=since/></dd> })}
                    <dt>"As of"</dt><dd><Time at shape=crate::browser::Shape::Second/></dd>
                </dl>
            </div>
        </section>
    }
}
