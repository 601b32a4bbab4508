//! A definition that is changed in the middle of an outage, on both databases.

use domain::alert::{Condition, DefinitionDraft, Level};
use domain::id::{IntegrationId, MonitorKey};
use domain::level_values::Was;
use domain::time::{MINUTE, SECOND};
use domain::views::console::DefinitionView;

use crate::on_both;
use crate::tellers::{Receiver, Telling, define, integration, level};
use crate::world::{OPERATOR, World};

const AT_ONCE: Condition = Condition::Minutes { minutes: 0 };

fn after(minutes: u32, integration: &IntegrationId) -> Level {
    level(Condition::Minutes { minutes }, integration)
}

/// Three people to tell, and a monitor that is down.
struct Outage {
    telling: Telling,
    monitor: MonitorKey,
    receivers: Vec<Receiver>,
    ids: Vec<IntegrationId>,
}

impl Outage {
    /// The levels are those that `levels` makes of who is there.
    async fn with(world: &World, levels: impl Fn(&[IntegrationId]) -> Vec<Level>) -> Self {
        let (mut receivers, mut ids) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let receiver = Receiver::open().await;
            ids.push(integration(world, &receiver, None).await.1);
            receivers.push(receiver);
        }
        define(world, levels(&ids)).await;
        let (monitor, _) = world.monitor("Shop").await;
        let telling = Telling::over(world);
        world.outage(monitor).await;
        telling.pass().await;
        Self { telling, monitor, receivers, ids }
    }

    /// Whom has heard how often.
    fn heard(&self) -> Vec<usize> {
        self.receivers.iter().map(|receiver| receiver.heard.lock().unwrap().len()).collect()
    }

    async fn later(&self, world: &World, millis: i64) {
        world.pass(millis);
        self.telling.pass().await;
    }
}

async fn only(world: &World) -> DefinitionView {
    world.services.definitions(OPERATOR).await.unwrap().remove(0)
}

/// Saves the levels of the default definition as the form does.
async fn save(world: &World, levels: Vec<Level>, origins: &[Was]) {
    let view = only(world).await;
    let draft = DefinitionDraft { levels, ..view.draft };
    world.services.save_levels(OPERATOR, Some((&view.id, view.version)), &draft, origins).await.unwrap();
}

on_both! {
    async fn levels_behind_one_that_is_removed_are_reached_all_the_same(world: World) {
        let outage = Outage::with(&world, |ids| vec![after(0, &ids[0]), after(1, &ids[1])]).await;
        assert_eq!(outage.heard(), [1, 0, 0]);
        world.pass(15 * SECOND);
        save(&world, vec![after(1, &outage.ids[1])], &[Was::Level(1)]).await;
        outage.later(&world, SECOND).await;
        assert_eq!(outage.heard(), [1, 0, 0], "it is not time");
        outage.later(&world, MINUTE).await;
        assert_eq!(outage.heard(), [1, 1, 0]);
    }

    async fn one_that_is_put_in_front_is_told_and_the_old_ones_are_not_told_again(world: World) {
        let outage = Outage::with(&world, |ids| vec![after(0, &ids[0]), after(10, &ids[1])]).await;
        let levels = vec![level(AT_ONCE, &outage.ids[2]), after(0, &outage.ids[0]), after(5, &outage.ids[1])];
        save(&world, levels, &[Was::New, Was::Level(0), Was::Level(1)]).await;
        outage.later(&world, SECOND).await;
        assert_eq!(outage.heard(), [1, 0, 1]);
        outage.later(&world, 5 * MINUTE).await;
        assert_eq!(outage.heard(), [1, 1, 1], "sooner than it was when the outage began");
    }

    async fn who_is_added_behind_or_changes_places_is_told_once(world: World) {
        let outage = Outage::with(&world, |ids| vec![after(0, &ids[0]), after(0, &ids[1])]).await;
        assert_eq!(outage.heard(), [1, 1, 0]);
        // Nobody says which was which: by what they say.
        let levels = [1, 0, 2].map(|one: usize| after(0, &outage.ids[one])).to_vec();
        save(&world, levels, &[]).await;
        outage.later(&world, SECOND).await;
        assert_eq!(outage.heard(), [1, 1, 1]);
    }

    async fn who_was_told_on_a_level_is_not_told_again_when_it_says_something_else(world: World) {
        let outage = Outage::with(&world, |ids| vec![after(0, &ids[0]), after(0, &ids[1])]).await;
        assert_eq!(outage.heard(), [1, 1, 0]);
        // Nobody says which was which, and there is one more.
        let mut levels = [1, 2, 0].map(|one: usize| after(0, &outage.ids[one])).to_vec();
        "Look at it.".clone_into(&mut levels[0].message);
        "Look at it, too.".clone_into(&mut levels[2].message);
        save(&world, levels.clone(), &[]).await;
        outage.later(&world, MINUTE).await;
        assert_eq!(outage.heard(), [1, 1, 1]);
        // One leads to somebody else beside, and another is gone.
        levels.pop();
        let other = levels[0].targets[0].clone();
        levels[1].targets.push(other);
        save(&world, levels, &[]).await;
        outage.later(&world, 2 * MINUTE).await;
        assert_eq!(outage.heard(), [1, 1, 1]);
    }

    async fn more_reminders_are_sent_though_the_last_one_was(world: World) {
        let outage = Outage::with(&world, |ids| vec![after(0, &ids[0])]).await;
        outage.later(&world, 20 * MINUTE).await;
        assert_eq!(outage.heard(), [1, 0, 0]);
        let reminding = Level { reminders: 1, reminder_minutes: 10, ..after(0, &outage.ids[0]) };
        save(&world, vec![reminding], &[Was::Level(0)]).await;
        outage.later(&world, MINUTE).await;
        assert_eq!(outage.heard(), [1, 0, 0]);
        outage.later(&world, 9 * MINUTE).await;
        assert_eq!(outage.heard(), [2, 0, 0]);
    }

    async fn an_outage_follows_its_monitor_to_another_definition_and_back(world: World) {
        let outage = Outage::with(&world, |ids| vec![after(0, &ids[0]), after(10, &ids[1])]).await;
        let shop = world.load(outage.monitor).await.unwrap().id;
        let levels = vec![after(0, &outage.ids[2])];
        let draft = DefinitionDraft { name: "Shop".to_owned(), active: true, monitors: vec![shop], levels };
        let own = world.services.save_definition(OPERATOR, None, &draft).await.unwrap();
        outage.later(&world, SECOND).await;
        assert_eq!(outage.heard(), [1, 0, 1]);
        outage.later(&world, 10 * MINUTE).await;
        assert_eq!(outage.heard(), [1, 0, 1], "the default one does not hold any more");
        world.services.delete_definition(OPERATOR, &own).await.unwrap();
        outage.later(&world, SECOND).await;
        assert_eq!(outage.heard(), [1, 1, 1], "now it does, and nobody hears twice");
    }

    async fn what_is_over_or_taken_on_stays_silent_whatever_is_changed(world: World) {
        let outage = Outage::with(&world, |ids| vec![after(0, &ids[0])]).await;
        world.recovery(outage.monitor).await;
        outage.later(&world, SECOND).await;
        assert_eq!(outage.heard(), [2, 0, 0]);
        save(&world, [0, 1].map(|one: usize| after(0, &outage.ids[one])).to_vec(), &[Was::Level(0), Was::New]).await;
        outage.later(&world, MINUTE).await;
        assert_eq!(outage.heard(), [2, 0, 0]);
    }
}
