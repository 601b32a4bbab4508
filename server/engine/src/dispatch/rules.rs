//! The rules of sending: what becomes of an attempt, and how fast one integration may be written to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::check::clip;
use domain::delivery::DeliveryState;
use domain::id::IntegrationKey;
use domain::text::without_nul;
use domain::time::{MINUTE, SECOND, Timestamp};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::providers::{DeliveryError, Reach, Receipt};
use crate::store::deliveries::Settlement;

/// The pauses before the second, third and fourth attempt, in milliseconds (seed 003).
pub(super) const PAUSES: [i64; 3] = [MINUTE, 5 * MINUTE, 15 * MINUTE];
/// The shortest pauses before them, in milliseconds, whatever the other side asks for: rate limits that end within a second are met at the
/// first of them, and who asks for a second each time must not have used up all attempts before it is well again.
const FLOORS: [i64; 3] = [0, 5 * SECOND, 5 * MINUTE];

/// The pause before a message is sent alone to those who were left over, in milliseconds.
pub(super) const LATER: i64 = PAUSES[0];

/// The longest name that the other side may give a message, in bytes: what is longer names nothing that is asked for again.
const MAX_EXTERNAL_ID: usize = 500;
/// The longest reason that is kept, in bytes; answers are kept whole with the attempt.
const MAX_ERROR: usize = 4_000;

/// When each integration may be written to again, for those that ask for a pace.
pub(super) type Paces = Arc<Mutex<HashMap<IntegrationKey, Instant>>>;

/// What becomes of a delivery after so many attempts.
pub(super) fn settlement(
    attempts: u32,
    result: &Result<Receipt, DeliveryError>,
    now: Timestamp,
) -> Settlement {
    let (state, due_at, external_id) = match result {
        Ok(Receipt { reach: Reach::Nobody(_), .. }) => (DeliveryState::Skipped, None, None),
        Ok(receipt) => (DeliveryState::Delivered, None, receipt.external_id.clone()),
        Err(DeliveryError::Permanent { .. }) => (DeliveryState::Failed, None, None),
        Err(DeliveryError::Retry { after, .. }) => {
            let pause =
                usize::try_from(attempts).ok().and_then(|attempts| pause(attempts.checked_sub(1)?, *after));
            match pause {
                None => (DeliveryState::Failed, None, None),
                Some(pause) => {
                    let due = now.0.saturating_add(pause);
                    (DeliveryState::Retrying, Some(Timestamp(due)), None)
                }
            }
        }
    };
    let why = match result {
        Ok(Receipt { reach: Reach::Later { why, .. }, .. }) => {
            Some(format!("{why} It is sent there alone a little later."))
        }
        Ok(receipt) => receipt.missed().map(ToOwned::to_owned),
        Err(error) => Some(error.to_string()),
    };
    Settlement {
        state,
        due_at,
        external_id: external_id.map(|id| storable(&id, MAX_EXTERNAL_ID)),
        error: why.map(|why| storable(&why, MAX_ERROR)),
    }
}

/// How long it is, in milliseconds, to retry number `retry`, from 0; `None` when there is none. To ask for no time at all is to ask for
/// nothing.
fn pause(retry: usize, asked: Option<Duration>) -> Option<i64> {
    let (usual, floor) = (*PAUSES.get(retry)?, FLOORS.get(retry).copied().unwrap_or_default());
    let asked = asked.map(|asked| i64::try_from(asked.as_millis()).unwrap_or(i64::MAX));
    Some(asked.filter(|asked| *asked > 0).map_or(usual, |asked| asked.max(floor)))
}

/// What the other side says, so that both databases keep it: an answer that one of them refuses would stop the outbox.
pub(super) fn storable(text: &str, max_bytes: usize) -> String {
    clip(&without_nul(text), max_bytes).to_owned()
}

/// Waits until an integration may be written to again, and takes the turn.
///
/// # Errors
/// How long it would be when that comes after `latest`: then the turn is left to whoever comes later.
pub(super) async fn wait_for_turn(
    paces: &Paces,
    integration: IntegrationKey,
    pace: Duration,
    latest: Instant,
) -> Result<(), Duration> {
    let turn = {
        let mut paces = paces.lock().await;
        let now = Instant::now();
        let turn = paces.get(&integration).copied().unwrap_or(now).max(now);
        if turn > latest {
            return Err(turn - now);
        }
        paces.insert(integration, turn + pace);
        turn
    };
    tokio::time::sleep_until(turn).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_attempt_and_three_more_after_1_5_and_15_minutes() {
        let now = Timestamp(0);
        let failed = Err(DeliveryError::retry("no answer"));
        let due = |attempts| settlement(attempts, &failed, now).due_at;
        assert_eq!(
            [due(1), due(2), due(3)].map(|at| at.map(|at| at.0)),
            [Some(60_000), Some(300_000), Some(900_000)]
        );
        assert_eq!((due(4), settlement(4, &failed, now).state), (None, DeliveryState::Failed));
    }

    #[test]
    fn what_the_other_side_asks_replaces_the_pause() {
        let after = Some(Duration::from_secs(7));
        let asked = Err(DeliveryError::Retry { after, reason: "HTTP 429".to_owned() });
        assert_eq!(settlement(1, &asked, Timestamp(0)).due_at, Some(Timestamp(7_000)));
    }

    #[test]
    fn nothing_asked_is_the_usual_pause_and_a_second_each_time_uses_up_no_message() {
        let due = |attempts, seconds| {
            let after = Some(Duration::from_secs(seconds));
            let asked = Err(DeliveryError::Retry { after, reason: "HTTP 429".to_owned() });
            settlement(attempts, &asked, Timestamp(0)).due_at.map(|at| at.0)
        };
        assert_eq!([due(1, 0), due(2, 0), due(3, 0)], [Some(60_000), Some(300_000), Some(900_000)]);
        assert_eq!([due(1, 1), due(2, 1), due(3, 1)], [Some(1_000), Some(5_000), Some(300_000)]);
        assert_eq!([due(1, 3_600), due(2, 3_600), due(3, 3_600)], [Some(3_600_000); 3]);
        assert_eq!(due(4, 1), None);
    }

    #[tokio::test]
    async fn a_turn_that_comes_too_late_is_left_to_others() {
        let (paces, integration) = (Paces::default(), IntegrationKey(1));
        let (pace, patience) = (Duration::from_millis(20), Duration::from_millis(500));
        let latest = Instant::now() + patience;
        let all = (0..1_000).map(|_| wait_for_turn(&paces, integration, pace, latest));
        let turns = futures::future::join_all(all).await;
        assert_eq!(turns.iter().filter(|turn| turn.is_ok()).count(), 25);
        // Whoever comes then finds the next turn free.
        let soon = Instant::now() + patience;
        wait_for_turn(&paces, integration, pace, soon).await.unwrap();
    }

    #[test]
    fn what_the_other_side_says_can_be_stored() {
        let said = Receipt { external_id: Some(format!("a\0{}", "ä".repeat(400))), ..Receipt::default() };
        let id = settlement(1, &Ok(said), Timestamp(0)).external_id.unwrap();
        assert!(id.starts_with("a\u{fffd}ä") && id.len() <= MAX_EXTERNAL_ID, "{id}");
        let failed = Err(DeliveryError::permanent("HTTP 400: \0"));
        assert_eq!(settlement(1, &failed, Timestamp(0)).error.as_deref(), Some("HTTP 400: \u{fffd}"));
    }

    #[test]
    fn what_reaches_nobody_is_not_delivered_and_what_misses_somebody_is() {
        let said = |reach| settlement(1, &Ok(Receipt { reach, ..Receipt::default() }), Timestamp(0));
        let nobody = said(Reach::Nobody("Nothing: why.".to_owned()));
        assert_eq!((nobody.state, nobody.due_at), (DeliveryState::Skipped, None));
        assert_eq!(nobody.error.as_deref(), Some("Nothing: why."));
        let partly = said(Reach::Partly("Not sent to a@example.org.".to_owned()));
        assert_eq!(partly.state, DeliveryState::Delivered);
        assert_eq!(partly.error.as_deref(), Some("Not sent to a@example.org."));
        let owed = vec!["a@example.org".to_owned()];
        let later = said(Reach::Later { why: "Not now.".to_owned(), owed });
        assert_eq!((later.state, later.due_at), (DeliveryState::Delivered, None));
        assert_eq!(later.error.as_deref(), Some("Not now. It is sent there alone a little later."));
        assert_eq!(said(Reach::All).error, None);
    }

    #[test]
    fn what_never_helps_fails_at_once() {
        let never = Err(DeliveryError::permanent("HTTP 404"));
        let settled = settlement(1, &never, Timestamp(0));
        assert_eq!((settled.state, settled.due_at), (DeliveryState::Failed, None));
        assert_eq!(settled.error.as_deref(), Some("HTTP 404"));
    }
}
