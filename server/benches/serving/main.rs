//! What visitors and operators wait for: the cached page, one change to thousands of sockets, and the console's pages.
//!
//! `cargo bench --bench serving`

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]
#![expect(clippy::print_stdout, reason = "a bench's result is what it prints")]

mod clients;
mod console;
mod fanout;
mod lists;
mod page;
#[path = "../../engine/tests/store/postgres.rs"]
mod postgres;
#[path = "../../engine/benches/support/mod.rs"]
mod support;
#[path = "../../engine/tests/store/world.rs"]
#[expect(dead_code, reason = "the tests of the store use the rest")]
mod world;
#[path = "../../engine/benches/support/years.rs"]
mod years;

use std::path::Path;

use engine::chance::Chance;
use engine::clock::Clock;
use server::config::{Config, Sources};
use server::start::{self, Running};

fn main() {
    clients::become_them_if_asked();
    page::bench();
    fanout::bench();
    console::bench();
}

/// The server as it is in use, on a database of its own and any free port.
async fn serve(folder: &Path, database: Option<&str>, clock: Clock) -> Running {
    let ours = [
        ("server.host", "127.0.0.1"),
        ("server.port", "0"),
        ("checks.anchors", "none"),
        ("data.dir", folder.to_str().unwrap()),
    ];
    let ours = ours.into_iter().chain(database.map(|url| ("data.database_url", url)));
    let flags = ours.map(|(key, value)| (String::new(), key.to_owned(), value.to_owned())).collect();
    let config = Config::load(&Sources { flags, ..Sources::default() }).unwrap();
    start::start(config, clock, Chance::System).await.unwrap()
}
