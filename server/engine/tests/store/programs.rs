//! What programs read, on both databases.

use domain::id::ProjectId;
use domain::person::Viewer;
use domain::time::Timestamp;
use engine::store::{evidence, projects, settings, views};

use crate::on_both;
use crate::world::{START, World};

on_both! {
    async fn monitors_with_an_incident_come_first_and_those_that_are_paused_last(world: World) {
        let (paused, id) = world.monitor("Alpha").await;
        let (well, _) = world.monitor("Beta").await;
        let (down, _) = world.monitor("Gamma").await;
        let incident = world.outage(down).await;
        world.services.pause_monitor(&Viewer::System, &id).await.unwrap();
        let mut tx = world.db.read().await.unwrap();
        let keys = views::programs::monitor_keys(&mut tx, "", false, 10, 0).await.unwrap();
        assert_eq!(keys, [down, well, paused]);
        let keys = views::programs::monitor_keys(&mut tx, "", true, 2, 1).await.unwrap();
        assert_eq!(keys, [well, paused]);
        assert_eq!(views::programs::monitor_keys(&mut tx, "ALPH", false, 10, 0).await.unwrap(), [paused]);
        assert_eq!(views::programs::monitors_found(&mut tx, "a").await.unwrap(), 3);
        let open = views::programs::open_incidents(&mut tx, &[paused, well, down]).await.unwrap();
        assert_eq!(open.into_iter().collect::<Vec<_>>(), [(down, vec![incident])]);
        let shares = views::programs::delivery_shares(&mut tx, Timestamp(0)).await.unwrap();
        assert_eq!(shares, (Vec::new(), Vec::new()));
        let none = evidence::first(&mut tx, well, Timestamp(0), Timestamp(i64::MAX)).await.unwrap();
        assert_eq!(none, None);
    }
}

on_both! {
    async fn a_value_is_taken_once_and_a_plan_can_change(world: World) {
        let mut tx = world.db.write().await.unwrap();
        settings::put(&mut tx, "slack.state.a", "1").await.unwrap();
        settings::put(&mut tx, "other", "2").await.unwrap();
        let found = settings::beginning(&mut tx, "slack.state.").await.unwrap();
        assert_eq!(found, [("slack.state.a".to_owned(), "1".to_owned())]);
        assert_eq!(settings::take(&mut tx, "slack.state.a").await.unwrap().as_deref(), Some("1"));
        assert_eq!(settings::take(&mut tx, "slack.state.a").await.unwrap(), None);
        let key = projects::ensure(&mut tx, &ProjectId::new([9; 13]), START).await.unwrap();
        for paid in [false, true] {
            projects::set_paid(&mut tx, key, paid, START).await.unwrap();
            assert_eq!(projects::only(&mut tx).await.unwrap().unwrap().paid, paid);
        }
    }
}
