//! What became of messages is written down.

use std::collections::BTreeMap;

use domain::delivery::DeliveryState;
use domain::id::{DeliveryId, IntegrationKey};
use domain::message::Message;
use domain::time::Timestamp;

use crate::providers::{self, DeliveryError, Reach, Receipt};
use crate::store::deliveries::{self, Settlement};
use crate::store::settling::{self, Settled};
use crate::store::{self, Tx, hastening, integrations};

use super::crew::{Crew, waiting};
use super::rules::{LATER, PAUSES, settlement};
use super::{Finished, Outcome};

/// The last word on an integration.
enum Verdict<'a> {
    /// It took a message.
    Works,
    /// It failed for good; perhaps at what somebody asked for once more, which may have arrived before.
    Fails(&'a str, bool),
    /// It wants no message any more, as it was set up for this one.
    Gone(&'a str, &'a Finished),
}

/// What a round learned of an integration.
#[derive(Default)]
struct News<'a> {
    verdict: Option<Verdict<'a>>,
    /// Whether messages waited to be tried again when it took one.
    others_retry: bool,
    /// When the last of those that it did not take is tried again.
    retry: Option<Timestamp>,
}

impl Crew {
    /// Settles one after the other, when all together cannot be; what cannot be written even so ends without its words.
    pub(super) async fn settle_singly(&mut self, settling: &mut Vec<Finished>) {
        let now = self.dispatcher.clock.now();
        let mut left = std::mem::take(settling).into_iter();
        while let Some(finished) = left.next() {
            let key = finished.claimed.integration;
            let one = [finished];
            let written = async {
                let mut tx = self.dispatcher.db.write().await?;
                self.settle(&mut tx, &one, now).await?;
                tx.commit().await
            };
            match written.await {
                Ok(()) => self.forget(key),
                Err(error) if error.is_about_the_data() => {
                    tracing::error!(%error, delivery = %one[0].claimed.id, "what came of a message cannot be kept");
                    if self.end_without_words(&one[0], now).await.is_ok() {
                        self.forget(key);
                    } else {
                        settling.extend(one);
                    }
                }
                // The database is away, and each would wait for it: all of them later.
                Err(_) => {
                    settling.extend(one);
                    settling.extend(left);
                    return;
                }
            }
        }
    }

    async fn end_without_words(&self, finished: &Finished, now: Timestamp) -> store::Result<()> {
        let error = Some("The database cannot keep what was answered.".to_owned());
        let settlement = Settlement { external_id: None, error, ..settlement_of(finished, now) };
        let row = Settled { claimed: &finished.claimed, attempt: None, settlement: &settlement };
        let mut tx = self.dispatcher.db.write().await?;
        settling::settle(&mut tx, &self.dispatcher.node, &[row], now).await?;
        tx.commit().await
    }

    /// Writes what became of attempts.
    pub(super) async fn settle(&self, tx: &mut Tx, all: &[Finished], now: Timestamp) -> store::Result<()> {
        if all.is_empty() {
            return Ok(());
        }
        let settlements: Vec<_> = all.iter().map(|finished| settlement_of(finished, now)).collect();
        let rows: Vec<_> = all
            .iter()
            .zip(&settlements)
            .map(|(finished, settlement)| Settled {
                claimed: &finished.claimed,
                attempt: finished.outcome.attempt(),
                settlement,
            })
            .collect();
        let ours = settling::settle(tx, &self.dispatcher.node, &rows, now).await?;
        // The last word on each integration, in one order on every node, so that none waits for another that waits for it.
        let mut news: BTreeMap<IntegrationKey, News<'_>> = BTreeMap::new();
        for (finished, settlement) in all.iter().zip(&settlements) {
            let claimed = &finished.claimed;
            if !ours.contains(&claimed.key) {
                tracing::warn!(delivery = %claimed.id, "a message took so long that somebody else took it over");
                continue;
            }
            if let Outcome::Tried(_, Ok(Receipt { learned: Some(learned), .. })) = &finished.outcome {
                integrations::learn(tx, claimed.integration, &finished.before, learned, now).await?;
            }
            if let Outcome::Tried(_, Ok(Receipt { reach: Reach::Later { owed, .. }, .. })) = &finished.outcome
            {
                let message = Message { only: owed.clone(), ..claimed.message.clone() };
                let (id, due) = (DeliveryId::new(self.dispatcher.chance.bytes()), Timestamp(now.0 + LATER));
                deliveries::insert_rest(tx, claimed, &id, &message, due, now).await?;
            }
            match settlement.state {
                DeliveryState::Delivered => {
                    let news = news.entry(claimed.integration).or_default();
                    news.others_retry |= finished.others_retry;
                    news.verdict = Some(Verdict::Works);
                }
                DeliveryState::Failed => {
                    let reason = settlement.error.as_deref().unwrap_or_default();
                    tracing::warn!(delivery = %claimed.id, reason, "a message could not be delivered");
                    let verdict = if is_gone(finished) {
                        Verdict::Gone(reason, finished)
                    } else {
                        Verdict::Fails(reason, claimed.replayed)
                    };
                    news.entry(claimed.integration).or_default().verdict = Some(verdict);
                }
                DeliveryState::Retrying => {
                    let news = news.entry(claimed.integration).or_default();
                    news.retry = news.retry.max(settlement.due_at);
                }
                DeliveryState::Waiting
                | DeliveryState::Sending
                | DeliveryState::Skipped
                | DeliveryState::Grouped => {}
            }
        }
        for (integration, News { verdict, others_retry, retry }) in news {
            match verdict {
                None => {}
                Some(Verdict::Works) => {
                    integrations::set_failing(tx, integration, None, now).await?;
                    if others_retry {
                        hastening::takes_again(tx, integration, &PAUSES, now).await?;
                    }
                }
                Some(Verdict::Fails(why, true)) => {
                    let why = format!("A message that was sent again was not taken: {why}");
                    integrations::set_failing(tx, integration, Some(&why), now).await?;
                }
                Some(Verdict::Fails(why, false)) => {
                    integrations::set_failing(tx, integration, Some(why), now).await?;
                }
                Some(Verdict::Gone(why, finished)) => {
                    let why = format!("{why} So it was switched off.");
                    integrations::switch_off(tx, integration, &finished.before, &why, now).await?;
                    tracing::warn!(delivery = %finished.claimed.id, "an integration was switched off: its receiver is gone");
                }
            }
            if let Some(until) = retry {
                hastening::note_retry(tx, integration, until).await?;
            }
        }
        Ok(())
    }
}

/// Whether the receiver of a message that failed says that it wants none any more.
fn is_gone(finished: &Finished) -> bool {
    let Outcome::Tried(attempt, Err(DeliveryError::Permanent { .. })) = &finished.outcome else {
        return false;
    };
    attempt.status.is_some_and(|status| providers::of(&finished.before).is_gone(status))
}

/// What became of a message, as it is to be written.
fn settlement_of(finished: &Finished, now: Timestamp) -> Settlement {
    match &finished.outcome {
        Outcome::Tried(_, result) => settlement(finished.claimed.attempts + 1, result, now),
        Outcome::NotNow(later) => waiting(Timestamp(now.0 + i64::try_from(later.as_millis()).unwrap_or(0))),
    }
}
