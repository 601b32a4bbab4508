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
            {uptime("24 hours", day)}{uptime("7 days", week)}{uptime("30 days", month)}{uptime("90 days", quarter)}
            {latency("Median", view.figures.p50_us)}{latency("95th percentile", view.figures.p95_us)}
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
