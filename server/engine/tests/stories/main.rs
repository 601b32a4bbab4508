//! Stories: what happens to a monitor from its outcomes to the record and to whoever is told, with a clock that the story moves.

#![cfg(test)]

mod answers;
mod confirming;
mod counting;
mod crash;
mod depending;
mod escalating;
mod failing;
mod listening;
mod outbox;
#[path = "../store/postgres.rs"]
mod postgres;
mod racing;
#[path = "../store/receiver.rs"]
#[expect(dead_code, reason = "shared with the tests of the store")]
mod receiver;
mod restarting;
mod retrying;
mod sleeping;
mod stage;
mod support;

/// Turns each story into a module with two tests, `sqlite` and `postgres`.
macro_rules! on_both {
    ($(async fn $name:ident($($stage:tt)+) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn on($($stage)+) $body

            #[tokio::test]
            async fn sqlite() {
                on(Stage::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(stage) = Stage::postgres().await {
                    on(stage).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;
