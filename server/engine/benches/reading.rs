//! How long the pages' reads take at 5,000 monitors, on both databases.
//!
//! `cargo bench --bench reading`

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "a bench's result is what it prints")]

#[path = "../tests/store/postgres.rs"]
mod postgres;
mod support;
#[path = "../tests/store/world.rs"]
#[expect(dead_code, reason = "the tests of the store use the rest")]
mod world;
#[path = "support/years.rs"]
mod years;

use std::time::{Duration, Instant};

use domain::views::console::{EditorQuery, MAX_PER_PAGE, MonitorQuery, PageDraft, Range};
use engine::services::ServiceError;
use world::{OPERATOR, VISITOR, World};

/// What a console page may take to be read.
const CONSOLE: Duration = Duration::from_millis(150);
/// What `/metrics` may take: it is asked for every quarter of a minute at most.
const METRICS: Duration = Duration::from_millis(500);
/// What a status page of 50 components may take to be read, when it is not in a cache.
const PAGE: Duration = Duration::from_millis(50);

/// The best of a few, as the second look at a page would be.
async fn measure<T>(name: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Result<T, ServiceError>) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        ask().await.unwrap();
        best = best.min(begun.elapsed());
    }
    support::figure(name, best.as_secs_f64() * 1e3, "ms", limit.as_secs_f64() * 1e3);
}

async fn on(world: World) {
    let ids = years::prepare(&world).await;
    let services = &world.services;
    println!("     {} monitors on {:?}", ids.len(), world.db.kind());
    measure("overview", CONSOLE, async || services.overview(OPERATOR).await).await;
    let query = MonitorQuery::default();
    measure("list of 50", CONSOLE, async || services.monitors(OPERATOR, &query).await).await;
    let query = MonitorQuery { per_page: MAX_PER_PAGE, ..MonitorQuery::default() };
    measure("list of 200", CONSOLE, async || services.monitors(OPERATOR, &query).await).await;
    let query = MonitorQuery { search: "4321".to_owned(), ..MonitorQuery::default() };
    measure("search", CONSOLE, async || services.monitors(OPERATOR, &query).await).await;
    for range in [Range::Hour, Range::Day, Range::Week, Range::Quarter] {
        let name = format!("detail over a {}", range.as_str());
        measure(&name, CONSOLE, async || services.monitor(OPERATOR, &ids[0], range).await).await;
    }
    measure("editor", CONSOLE, async || services.page_editor(OPERATOR, &EditorQuery::default()).await).await;
    measure("metrics", METRICS, async || services.metrics_rows(OPERATOR).await).await;
    measure("status page in UTC", PAGE, async || services.page(VISITOR, None).await).await;
    // A day of theirs begins within a day of the sums, and in Kolkata within an hour of them.
    for time_zone in ["Europe/Berlin", "Asia/Kolkata"] {
        let page =
            PageDraft { name: "P".to_owned(), time_zone: time_zone.to_owned(), ..PageDraft::default() };
        services.save_page(OPERATOR, &page).await.unwrap();
        let name = format!("status page in {time_zone}");
        measure(&name, PAGE, async || services.page(VISITOR, None).await).await;
    }
}

fn main() {
    let runtime = support::runtime(2);
    runtime.block_on(async { on(World::sqlite().await).await });
    runtime.block_on(async {
        if let Some(world) = World::postgres().await {
            on(world).await;
        }
    });
}
