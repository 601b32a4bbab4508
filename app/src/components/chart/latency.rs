//! The chart of response times.

use domain::time::Timestamp;
use domain::views::console::{ChartPoint, Range};
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::PHASES;
use super::scale::{self, HEIGHT, STEPS, Scale, WIDTH};
use crate::browser::Shape;
use crate::components::figures;
use crate::components::time::Time;
use crate::words;

/// Labels along the time.
const LABELS: i32 = 4;

/// The chart, its legend, and what is known of the point under the pointer or the arrow keys.
#[component]
pub fn LatencyChart(
    /// The oldest first.
    points: Vec<ChartPoint>,
    /// The end of the time that is shown.
    until: Timestamp,
    /// How much time is shown.
    range: Range,
    /// What it shows, in a sentence for those who cannot see it.
    summary: String,
) -> impl IntoView {
    let scale = Scale::new(&points, until, range.millis());
    let shape = if matches!(range, Range::Hour | Range::Day) { Shape::Minute } else { Shape::Day };
    let legend = legend(&points);
    let areas = scale::areas(&points, scale);
    let outages = scale::outages(&points, scale);
    let picked = RwSignal::new(None::<usize>);
    let points = StoredValue::new(points);
    let move_to = move |event: PointerEvent| picked.set(under(&event, points, scale));
    let key = move |event: KeyboardEvent| {
        let last = points.with_value(Vec::len).saturating_sub(1);
        let at = picked.get_untracked();
        let next = match event.key().as_str() {
            "ArrowLeft" => at.map_or(last, |at| at.saturating_sub(1)),
            "ArrowRight" => at.map_or(last, |at| (at + 1).min(last)),
            "Home" => 0,
            "End" => last,
            "Escape" => return picked.set(None),
            _ => return,
        };
        event.prevent_default();
        picked.set(Some(next));
    };
    let line = |step| format!("M0 {}H{WIDTH}", HEIGHT / 4.0 * f64::from(i32::try_from(step).unwrap_or(0)));
    let grid = (0..=STEPS).map(line).collect::<Vec<_>>().concat();
    let y_label = |step: i64| {
        let text = figures::millis(scale.top / STEPS * step);
        if step == STEPS { format!("{text} ms") } else { text }
    };
    view! {
        <div class="chart" role="group" aria-label=summary>
            <div class="y" aria-hidden="true">{(0..=STEPS).map(|step| view! { <span>{y_label(step)}</span> }).collect_view()}</div>
            <div class="plot" tabindex="0" role="group" aria-label="Response times; arrow keys walk along them"
                on:pointermove=move_to on:pointerdown=move_to on:pointerleave=move |_| picked.set(None)
                on:blur=move |_| picked.set(None) on:keydown=key>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                    <path class="grid" d=grid/>
                    {areas.into_iter().map(|(class, d)| view! { <path class=class d=d.clone()/><path class="edge" d=d/> }).collect_view()}
                    {outages.into_iter().map(|(x, width)| view! { <rect class="gap" x=x y="0" width=width height=HEIGHT/> }).collect_view()}
                    {move || picked.get().and_then(|i| points.with_value(|points| points.get(i).copied())).map(|point| {
                        view! { <path class="cursor" d=format!("M{:.1} 0V{HEIGHT}", scale.x(point.at))/> }
                    })}
                </svg>
                {move || picked.get().and_then(|i| points.with_value(|points| points.get(i).copied())).map(|point| {
                    view! { <Tip point share=scale.x(point.at) / WIDTH/> }
                })}
            </div>
            <div class="x" aria-hidden="true">
                {(0..=LABELS).map(|i| view! { <Time at=scale.time(f64::from(i) / f64::from(LABELS)) shape/> }).collect_view()}
            </div>
        </div>
        <ul class="legend">
            {legend.into_iter().map(|(class, label, mean)| {
                view! { <li><span class=format!("swatch {class}")></span>{label}" "<b>{words::latency(mean)}</b></li> }
            }).collect_view()}
        </ul>
    }
}

/// What is known of one point. Never on the server, so its place may be a style.
#[component]
fn Tip(point: ChartPoint, share: f64) -> impl IntoView {
    let place = if share > 0.6 {
        format!("calc({:.1}% - 184px)", share * 100.0)
    } else {
        format!("calc({:.1}% + 14px)", share * 100.0)
    };
    let row = |class: &'static str, label: &'static str, micros: Option<i64>| {
        micros.map(|micros| view! { <dt><span class=format!("swatch {class}")></span>{label}</dt><dd class="num">{words::latency(micros)}</dd> })
    };
    view! {
        <div class="chart-tip" role="status" style:left=place>
            <strong><Time at=point.at/></strong>
            <dl>
                {match point.latency_us {
                    Some(latency) => view! { <dt class="total">"Total"</dt><dd class="total num">{words::latency(latency)}</dd> }.into_any(),
                    None => view! { <dt>"No answer"</dt><dd></dd> }.into_any(),
                }}
                {PHASES.iter().map(|phase| row(phase.class, phase.label, (phase.of_point)(&point))).collect_view()}
            </dl>
        </div>
    }
}

/// The point nearest to the pointer.
fn under(event: &PointerEvent, points: StoredValue<Vec<ChartPoint>>, scale: Scale) -> Option<usize> {
    let plot: web_sys::Element = event.current_target()?.dyn_into().ok()?;
    let bounds = plot.get_bounding_client_rect();
    let x = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0) * WIDTH;
    points.with_value(|points| {
        let distance = |point: &ChartPoint| (scale.x(point.at) - x).abs();
        let nearest = points.iter().enumerate().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
        nearest.map(|(i, _)| i)
    })
}

/// The mean of each phase that took place.
fn legend(points: &[ChartPoint]) -> Vec<(&'static str, &'static str, i64)> {
    let rows = PHASES.iter().filter_map(|phase| {
        let times: Vec<i64> = points.iter().filter_map(|point| (phase.of_point)(point)).collect();
        let count = i64::try_from(times.len()).ok().filter(|count| *count > 0)?;
        Some((phase.class, phase.label, times.iter().sum::<i64>() / count))
    });
    rows.collect()
}
