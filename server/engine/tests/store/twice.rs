//! A server is not restarted twice in its cool-down, whatever becomes of the programs that restart it: on both databases.

use domain::delivery::DeliveryState;
use domain::id::{IntegrationKey, MonitorKey};
use domain::integration::{IntegrationDraft, SshSettings};
use domain::time::{MINUTE, SECOND, Timestamp};
use domain::views::console::{DeliveryQuery, DeliveryRow};
use engine::store::claiming::{self, Claimed, Limits};
use engine::store::deliveries::Settlement;
use engine::store::settling::{self, Settled};

use crate::on_both;
use crate::tellers::{Telling, attach, insert};
use crate::world::{OPERATOR, World};

const LEASE: i64 = 100 * SECOND;
/// What is said of a run that may have been.
const PERHAPS: &str = "so nobody knows whether it was done; it is not done again.";
/// What the attempt says that nobody kept from running: nothing listens there.
const RAN: &str = "no connection to";

/// Two monitors of a server that is restarted when one of them fails.
async fn two_monitors(world: &World) -> [MonitorKey; 2] {
    let server = restart_of(world, "127.0.0.1", 1).await;
    let monitors = [world.monitor("Shop").await.0, world.monitor("Mail").await.0];
    for monitor in monitors {
        attach(world, monitor, server).await;
    }
    monitors
}

/// An integration that restarts a server.
async fn restart_of(world: &World, host: &str, port: u16) -> IntegrationKey {
    let settings = SshSettings::with_password(host, port, "deploy", "hunter2").into();
    let draft = IntegrationDraft { name: "Restart".to_owned(), settings, enabled: true, quiet: None };
    insert(world, &draft).await.0
}

/// Settles a message as one that restarted its server.
async fn ran(world: &World, claimed: &Claimed, node: &str) {
    let ran = Settlement {
        state: DeliveryState::Delivered,
        due_at: None,
        external_id: Some("run:1".to_owned()),
        error: None,
    };
    let mut tx = world.db.write().await.unwrap();
    let settled = Settled { claimed, attempt: None, settlement: &ran };
    settling::settle(&mut tx, node, &[settled], world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Claims what is due, as a node does that gets no further.
async fn claim(world: &World, telling: &Telling, node: &str) -> Vec<Claimed> {
    telling.planner.round().await.unwrap();
    let mut tx = world.db.write().await.unwrap();
    let limits = Limits { total: 10, each: 10, full: &[], fast: &[], each_fast: 10 };
    let until = Timestamp(world.now().0 + LEASE);
    let claimed = claiming::claim(&mut tx, node, world.now(), until, &limits).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

/// State and words of each message, the oldest first.
async fn log(world: &World) -> Vec<(DeliveryState, String)> {
    let page = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
    let words = |row: DeliveryRow| (row.state, row.error.unwrap_or_default());
    page.rows.into_iter().rev().map(words).collect()
}

on_both! {
    async fn a_restart_that_was_is_known_to_whoever_comes_next(world: World) {
        let [shop, mail] = two_monitors(&world).await;
        let telling = Telling::over(&world);
        world.outage(shop).await;
        let claimed = claim(&world, &telling, "before").await;
        ran(&world, &claimed[0], "before").await;
        world.pass(29 * MINUTE);
        world.outage(mail).await;
        // A program that has just begun remembers nothing by itself.
        Telling::over(&world).pass().await;
        let (state, words) = log(&world).await.remove(1);
        assert_eq!((state, words.as_str()), (DeliveryState::Skipped, "Nothing: not run, because the last restart was 29 min ago."));
        world.recovery(mail).await;
        world.pass(MINUTE);
        world.outage(mail).await;
        telling.pass().await;
        let log = log(&world).await;
        assert!(log.last().unwrap().1.contains(RAN), "after the cool-down: {log:?}");
    }

    async fn two_integrations_for_one_server_share_its_cool_down_and_its_turn(world: World) {
        let telling = Telling::over(&world);
        let names = ["Shop", "Mail", "Other port"];
        let servers = [("127.0.0.1", 1), ("::ffff:127.0.0.1", 1), ("127.0.0.1", 2)];
        let mut monitors = Vec::new();
        for (name, (host, port)) in names.into_iter().zip(servers) {
            let monitor = world.monitor(name).await.0;
            attach(&world, monitor, restart_of(&world, host, port).await).await;
            monitors.push(monitor);
        }
        world.outage(monitors[0]).await;
        let claimed = claim(&world, &telling, "there").await;
        for monitor in &monitors[1..] {
            world.outage(*monitor).await;
        }
        Telling::over(&world).pass().await;
        let seen = log(&world).await;
        assert!(seen[1].0 == DeliveryState::Waiting && seen[1].1.contains("under way elsewhere"), "{seen:?}");
        assert!(seen[2].1.contains(RAN), "another server is none of that: {seen:?}");
        ran(&world, &claimed[0], "there").await;
        world.pass(MINUTE);
        Telling::over(&world).pass().await;
        let seen = log(&world).await;
        assert_eq!(seen[1].0, DeliveryState::Skipped, "{seen:?}");
        assert!(seen[1].1.contains("not run, because the last restart was"), "{seen:?}");
        assert!(seen[2].1.contains(RAN), "{seen:?}");
    }

    async fn what_a_program_did_not_see_the_end_of_is_not_done_again(world: World) {
        let [shop, mail] = two_monitors(&world).await;
        let telling = Telling::over(&world);
        world.outage(shop).await;
        assert_eq!(claim(&world, &telling, "here").await.len(), 1);
        // The program runs on the server that it restarts. It comes back, and finds the other monitor down as well.
        claiming::release(&world.db, "here").await.unwrap();
        world.pass(MINUTE);
        world.outage(mail).await;
        telling.pass().await;
        let seen = log(&world).await;
        assert!(seen[0].0 == DeliveryState::Delivered && seen[0].1.ends_with(PERHAPS), "{seen:?}");
        assert_eq!(seen[1].0, DeliveryState::Skipped, "{seen:?}");
        assert!(seen[1].1.contains("the last restart was less than a minute ago"), "{seen:?}");
        world.recovery(mail).await;
        world.pass(29 * MINUTE);
        world.outage(mail).await;
        telling.pass().await;
        let seen = log(&world).await;
        assert_eq!(seen.last().unwrap().0, DeliveryState::Skipped, "it counts for the cool-down: {seen:?}");
    }

    async fn while_another_node_may_be_at_it_nobody_else_is(world: World) {
        let [shop, mail] = two_monitors(&world).await;
        let telling = Telling::over(&world);
        world.outage(shop).await;
        assert_eq!(claim(&world, &telling, "there").await.len(), 1);
        world.outage(mail).await;
        telling.pass().await;
        let seen = log(&world).await;
        assert_eq!((seen[0].0, seen[1].0), (DeliveryState::Sending, DeliveryState::Waiting), "{seen:?}");
        assert!(seen[1].1.contains("under way elsewhere"), "{seen:?}");
        // The other node is gone: nobody knows what it did.
        world.pass(LEASE + 1);
        telling.pass().await;
        let seen = log(&world).await;
        assert!(seen[0].1.ends_with(PERHAPS), "{seen:?}");
        assert_eq!(seen[1].0, DeliveryState::Skipped, "{seen:?}");
    }

    async fn the_same_node_goes_on_with_what_it_has_begun(world: World) {
        let [shop, mail] = two_monitors(&world).await;
        let telling = Telling::over(&world);
        world.outage(shop).await;
        world.outage(mail).await;
        telling.pass().await;
        let seen = log(&world).await;
        // Which of the two had its turn is chance; the other one is tried again soon.
        assert!(seen.iter().all(|(state, _)| *state == DeliveryState::Retrying), "{seen:?}");
        assert!(seen.iter().any(|(_, words)| words.contains(RAN)), "{seen:?}");
    }

    async fn a_server_that_works_again_is_not_restarted_by_a_retry(world: World) {
        let telling = Telling::over(&world);
        let mut found = Vec::new();
        for name in ["Recovered", "Taken on", "Muted", "Down"] {
            let (monitor, id) = world.monitor(name).await;
            attach(&world, monitor, restart_of(&world, &format!("127.0.0.{}", 1 + found.len()), 1).await).await;
            found.push((monitor, id, world.outage(monitor).await));
        }
        telling.pass().await;
        let seen = log(&world).await;
        assert!(seen.iter().all(|(state, words)| *state == DeliveryState::Retrying && words.contains(RAN)), "{seen:?}");
        world.recovery(found[0].0).await;
        world.services.acknowledge(OPERATOR, &found[1].2).await.unwrap();
        let until = Timestamp(world.now().0 + 60 * MINUTE);
        world.services.mute(OPERATOR, &found[2].1, Some(until)).await.unwrap();
        world.pass(MINUTE);
        telling.pass().await;
        let seen = log(&world).await;
        let states = seen.iter().map(|(state, _)| *state).collect::<Vec<_>>();
        let waiting = DeliveryState::Waiting;
        assert_eq!(
            states[..4],
            [DeliveryState::Skipped, DeliveryState::Skipped, waiting, DeliveryState::Retrying],
            "{seen:?}"
        );
        assert_eq!(seen[0].1, "It was over before it could be told.");
        world.recovery(found[2].0).await;
        world.pass(60 * MINUTE);
        telling.pass().await;
        let seen = log(&world).await;
        assert_eq!(seen[2].0, DeliveryState::Skipped, "nor when the mute ends: {seen:?}");
    }
}
