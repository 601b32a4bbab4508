//! Messages that tell the whole answer of the failing check.

use std::sync::Arc;

use domain::check::{CheckReport, Outcome};
use domain::custom::{CustomSettings, VariableSource};
use domain::id::DeliveryId;
use domain::views::console::DeliveryQuery;
use engine::store::{answers, deliveries, integrations, views};

use crate::on_both;
use crate::receiver::Receiver;
use crate::stage::{Stage, Teller, errors, minutes};
use crate::support::down;

/// A custom integration with the stock body.
async fn custom(stage: &Stage) -> Teller {
    let receiver = Receiver::open().await;
    let mut settings = CustomSettings::default();
    settings.variables[0].source = VariableSource::Fixed { value: receiver.url.as_str().into() };
    stage.teller_of(receiver, settings.into(), None).await
}

/// What `@alert.responseBody` was since the last time.
fn told(teller: &Teller) -> Vec<String> {
    let heard = std::mem::take(&mut *teller.receiver.heard.lock().unwrap());
    heard.iter().map(|heard| heard.body["alert"]["responseBody"].as_str().unwrap().to_owned()).collect()
}

/// The only message so far.
async fn first(stage: &Stage, teller: &Teller) -> DeliveryId {
    let query = DeliveryQuery { integration: Some(teller.id.clone()), ..DeliveryQuery::default() };
    let rows = views::deliveries::list(&mut stage.db.read().await.unwrap(), &query).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows[0].id.clone()
}

/// A failure whose answer was long.
fn failing(page: &str) -> CheckReport {
    let mut report = CheckReport::bare(down());
    report.evidence.excerpt = Some(page[..4_096].to_owned());
    report.answer = Some(Arc::new(page.to_owned()));
    report
}

on_both! {
    async fn a_custom_integration_tells_all_of_a_long_answer(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let (whole, hook) = (custom(&stage).await, stage.teller().await);
        stage.define(vec![whole.level(errors(1)), hook.level(errors(1))]).await;
        let page = "<p>it is \"broken\"\n".repeat(6_000);
        stage.reports(shop, failing(&page)).await;
        stage.pass(minutes(1)).await;
        assert!(told(&whole) == [page.clone()], "all of it, and what JSON needs escaped");
        assert_eq!(hook.heard(), ["error Shop"]);

        // Only the latest few are kept; what is replayed later tells the start.
        let message = first(&stage, &whole).await;
        for _ in 0..5 {
            stage.sees(shop, Outcome::Up).await;
            stage.pass(minutes(1)).await;
            stage.reports(shop, failing(&page)).await;
            stage.pass(minutes(1)).await;
        }
        told(&whole);
        let mut tx = stage.db.write().await.unwrap();
        assert!(deliveries::replay(&mut tx, &message, stage.clock.now()).await.unwrap());
        tx.commit().await.unwrap();
        stage.pass(minutes(1)).await;
        assert_eq!(told(&whole), [page[..4_096].to_owned()]);
    }

    async fn whole_answers_are_wanted_while_one_in_use_tells_them(mut stage: Stage) {
        let are_told = async |stage: &Stage| answers::are_told(&mut stage.db.read().await.unwrap()).await.unwrap();
        stage.monitor("Shop").await;
        stage.teller().await;
        assert!(!are_told(&stage).await, "a webhook has no such thing");
        let whole = custom(&stage).await;
        assert!(are_told(&stage).await);
        let mut tx = stage.db.write().await.unwrap();
        integrations::delete(&mut tx, whole.key, stage.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!are_told(&stage).await);
    }
}
