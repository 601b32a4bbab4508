//! Providers that change what they posted know all of it, on both databases.

use domain::alert::Condition;
use domain::integration::{IntegrationDraft, SlackSettings};
use domain::time::MINUTE;
use serde_json::{Value, json};

use crate::on_both;
use crate::tellers::{Receiver, Telling, define, insert, level};
use crate::world::World;

on_both! {
    async fn an_escalation_that_comes_back_to_a_channel_is_over_in_all_its_messages(world: World) {
        let receiver = Receiver::open().await;
        r##"{"ok":true,"channel":"C1","ts":"#.0"}"##.clone_into(&mut receiver.said.lock().unwrap());
        let settings = SlackSettings { api_url: receiver.url.clone(), ..SlackSettings::by_bot("xoxb-1", "C1") };
        let draft = IntegrationDraft { name: "chat".to_owned(), settings: settings.into(), enabled: true, quiet: None };
        let (_, chat) = insert(&world, &draft).await;
        let after = |minutes| level(Condition::Minutes { minutes }, &chat);
        define(&world, vec![after(0), after(2)]).await;
        let telling = Telling::over(&world);
        let (monitor, _) = world.monitor("Shop").await;
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(2 * MINUTE);
        telling.pass().await;
        world.recovery(monitor).await;
        telling.pass().await;
        let heard = receiver.heard.lock().unwrap();
        let shape = |body: &Value| json!([body["thread_ts"], body["ts"], body["reply_broadcast"]]);
        let shapes: Vec<_> = heard.iter().map(|heard| shape(&heard.body)).collect();
        let expected = json!([
            [null, null, null],
            ["1.0", null, true],
            [null, "1.0", null],
            [null, "2.0", null],
            ["1.0", null, true],
        ]);
        assert_eq!(json!(shapes), expected);
        assert_eq!(heard[4].body["text"], "🟢 Shop is up again (down for 2 min)");
    }
}
