//! The store and the services that read it, on SQLite and on PostgreSQL: every test here is two tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acts;
mod addresses;
mod afresh;
mod afterwards;
mod answering;
mod changing;
mod confirming;
mod editing;
mod following;
mod half_hours;
mod hostile;
mod left_over;
mod levels;
mod listening;
mod lists;
#[path = "../providers/mail_server.rs"]
#[expect(dead_code, reason = "one of its servers is enough here")]
mod mail_server;
mod once_more;
mod opening;
mod ordering;
mod pages;
mod postgres;
mod programs;
mod public;
mod public_incidents;
mod races;
mod reaching;
mod receiver;
mod redefining;
mod retention;
mod rollups;
mod schema;
mod sealed;
mod searching;
mod sharing;
mod silenced;
mod statements;
mod storms;
mod tellers;
mod telling;
mod twice;
mod world;

/// Turns each body into a module with two tests, `sqlite` and `postgres`.
macro_rules! on_both {
    ($(async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn on($world: World) $body

            #[tokio::test]
            async fn sqlite() {
                on(World::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(world) = World::postgres().await {
                    on(world).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;
