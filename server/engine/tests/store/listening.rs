//! When somebody listened for heartbeats, as it is written down.

use domain::check::Gap;
use domain::time::{SECOND, Timestamp};
use engine::store::listening::{PATIENCE, gaps, listened};

use crate::on_both;
use crate::world::{START, World};

async fn listens(world: &World, second: i64, patience: i64) {
    let mut tx = world.db.write().await.unwrap();
    listened(&mut tx, Timestamp(START.0 + second * SECOND), patience).await.unwrap();
    tx.commit().await.unwrap();
}

/// The gaps since a second, as it is known at another, in seconds.
async fn known(world: &World, since: i64, now: i64) -> Vec<(i64, i64)> {
    let at = |second: i64| Timestamp(START.0 + second * SECOND);
    let mut tx = world.db.read().await.unwrap();
    let gaps = gaps(&mut tx, at(since), at(now)).await.unwrap();
    let seconds = |at: i64| (at - START.0) / SECOND;
    gaps.iter().map(|Gap { since_ms, until_ms }| (seconds(*since_ms), seconds(*until_ms))).collect()
}

on_both! {
    async fn gaps_lie_between_the_stretches_in_which_somebody_listened(world: World) {
        assert_eq!(known(&world, 0, 100).await, [], "nothing is known");
        for second in [0, 5, 14, 20] {
            listens(&world, second, PATIENCE).await;
        }
        assert_eq!(known(&world, 0, 25).await, []);
        assert_eq!(known(&world, 0, 32).await, [(20, 32)], "whoever slept has not written it down yet");
        listens(&world, 32, PATIENCE).await;
        listens(&world, 37, PATIENCE).await;
        assert_eq!(known(&world, 0, 38).await, [(20, 32)]);
        // A start ends a gap, however short it was.
        listens(&world, 39, 0).await;
        listens(&world, 44, PATIENCE).await;
        assert_eq!(known(&world, 0, 45).await, [(20, 32), (37, 39)]);
        assert_eq!(known(&world, 22, 45).await, [(20, 32), (37, 39)], "what began before counts");
        assert_eq!(known(&world, 33, 45).await, [(37, 39)]);
        assert_eq!(known(&world, 40, 45).await, []);
    }

    async fn a_clock_that_was_ahead_leaves_no_gaps_behind(world: World) {
        listens(&world, 0, PATIENCE).await;
        // It jumps ahead while the program runs, and is set right before the program starts again.
        for second in [3_600, 3_605] {
            listens(&world, second, PATIENCE).await;
        }
        assert_eq!(known(&world, 0, 5).await, [], "what is to come is no gap yet");
        listens(&world, 20, 0).await;
        for second in [25, 30] {
            listens(&world, second, PATIENCE).await;
        }
        // Once more.
        listens(&world, 40, 0).await;
        for second in [45, 50, 55] {
            listens(&world, second, PATIENCE).await;
        }
        assert_eq!(known(&world, 0, 56).await, [(0, 20), (30, 40)]);
        // It jumps ahead within a stretch that goes on.
        listens(&world, 65, PATIENCE).await;
        for second in [57, 62] {
            listens(&world, second, PATIENCE).await;
        }
        assert_eq!(known(&world, 0, 63).await, [(0, 20), (30, 40)]);
    }

    async fn no_more_restarts_are_kept_than_anybody_needs(world: World) {
        let mut tx = world.db.write().await.unwrap();
        for second in 0..1_010 {
            listened(&mut tx, Timestamp(START.0 + second * SECOND), 0).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(known(&world, 0, 1_010).await.len(), 999);
    }
}
