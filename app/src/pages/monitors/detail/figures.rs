//! The figures of a monitor.

use domain::views::console::MonitorDetail;
use leptos::prelude::*;

use crate::words;

/// Uptime over four stretches, response times, and the certificate.
#[component]
pub(super) fn Figures(view: MonitorDetail) -> impl IntoView {
    let uptime = |words: &'static str, share: Option<f64>| figure(words, words::percent(share));
    let latency = |words: &'static str, micros: Option<i64>| {
        figure(words, micros.map_or_else(|| words::NOTHING.to_owned(), words::latency))
    };
    let [day, week, month, quarter] = view.uptimes;
    let certificate = view.certificate_days.map(|days| figure("Certificate", format!("{days} days")));
    view! {
        <section class="stats" aria-label="Figures">
            {uptime("Uptime 24 h", day)}{uptime("Uptime 7 d", week)}{uptime("Uptime 30 d", month)}{uptime("Uptime 90 d", quarter)}
            {latency("Median latency", view.figures.p50_us)}{latency("95th percentile", view.figures.p95_us)}
            {certificate}
        </section>
    }
}

/// A number and its unit below its name. The unit stands smaller.
fn figure(words: &'static str, text: String) -> impl IntoView + use<> {
    let (number, unit) = text
        .split_once(' ')
        .map_or((text.clone(), String::new()), |(number, unit)| (number.to_owned(), unit.to_owned()));
    view! {
        <div class="stat"><span class="label">{words}</span><span class="value">{number}" "<small>{unit}</small></span></div>
    }
}
