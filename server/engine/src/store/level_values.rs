//! What levels give integrations, in messages: sealed in the outbox, because some of it is secret and messages stay for months.

use std::borrow::Cow;

use domain::id::{DeliveryKey, IntegrationKey};
use domain::message::{Body, Message};
use domain::secret::{MASK, Secret};
use sqlx::types::Json;

use super::readable::Readable;
use super::{Result, Tx, sql};
use crate::seal::{SealError, Sealer};

/// Messages that are looked through in one statement.
const SLICE: i64 = 500;

fn values(message: &mut Message) -> impl Iterator<Item = &mut String> {
    let level = match &mut message.body {
        Body::Alert(alert) => alert.level.as_mut(),
        Body::Event(_) | Body::Group(_) | Body::Acknowledged(_) => None,
    };
    level.into_iter().flat_map(|level| level.variables.values_mut())
}

/// A message as it is stored.
pub(super) fn sealed<'a>(message: &'a Message, sealer: &Sealer) -> Result<Cow<'a, Message>> {
    if !has_values(message) {
        return Ok(Cow::Borrowed(message));
    }
    let mut message = message.clone();
    for value in values(&mut message) {
        *value = sealer.seal(&Secret::new(std::mem::take(value)))?;
    }
    Ok(Cow::Owned(message))
}

/// Opens what [`sealed`] sealed. A value that is not sealed is from before there was any.
///
/// # Errors
/// When one was sealed with a key that is gone.
pub(super) fn open(message: &mut Message, sealer: &Sealer) -> std::result::Result<(), SealError> {
    for value in values(message).filter(|value| Sealer::is_sealed(value)) {
        sealer.open(value)?.expose().clone_into(value);
    }
    Ok(())
}

/// Masks what the level gave: which of it is secret is known to the integration as it was, not to the message. What was made of it stands
/// in the attempts, with secrets masked.
pub(super) fn hide(message: &mut Message) {
    values(message).for_each(|value| MASK.clone_into(value));
}

/// Seals what levels gave in at most `limit` messages after `after` with the key that seals now. Returns the last message that was
/// looked at, `None` when there is none left, and the rows that do not open: they stay as they are.
pub async fn reseal(tx: &mut Tx, after: DeliveryKey, limit: i64) -> Result<(Option<DeliveryKey>, Vec<i64>)> {
    let rows: Vec<(i64, Readable<Message>)> = sql!(tx, |conn| sqlx::query_as(
        "select id, message from deliveries where id > $1 order by id limit $2"
    )
    .bind(after.0)
    .bind(limit)
    .fetch_all(conn)
    .await?);
    let last = rows.last().map(|(id, _)| DeliveryKey(*id));
    let mut unreadable = Vec::new();
    for (id, message) in rows {
        let Some(mut message) = message.0.filter(has_values) else { continue };
        if let Err(why) = open(&mut message, &tx.sealer) {
            super::error::note_unreadable("deliveries", "message", id, &why);
            unreadable.push(id);
            continue;
        }
        put(tx, id, &message).await?;
    }
    Ok((last, unreadable))
}

/// Puts a message in its place, its values sealed.
async fn put(tx: &mut Tx, id: i64, message: &Message) -> Result<()> {
    let message = sealed(message, &tx.sealer)?;
    sql!(tx, |conn| sqlx::query("update deliveries set message = $1 where id = $2")
        .bind(Json(message.as_ref()))
        .bind(id)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Takes what levels gave out of all messages to an integration, but for what `is_shown` says of a name and its value. What does not open
/// goes, too.
pub async fn forget(
    tx: &mut Tx,
    integration: IntegrationKey,
    is_shown: impl Fn(&str, &str) -> bool,
) -> Result<()> {
    let mut after = 0;
    loop {
        let rows: Vec<(i64, Readable<Message>)> = sql!(tx, |conn| {
            sqlx::query_as(
                "select id, message from deliveries where integration_id = $1 and id > $2 \
                 and (kind = 'error' or kind = 'reminder' or kind = 'ok') order by id limit $3",
            )
            .bind(integration.0)
            .bind(after)
            .bind(SLICE)
            .fetch_all(conn)
            .await?
        });
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        for (id, message) in rows {
            let Some(mut message) = message.0.filter(has_values) else { continue };
            if let Err(why) = open(&mut message, &tx.sealer) {
                super::error::note_unreadable("deliveries", "message", id, &why);
            }
            let Body::Alert(alert) = &mut message.body else { continue };
            let Some(level) = alert.level.as_mut() else { continue };
            let given = level.variables.len();
            level.variables.retain(|name, value| is_shown(name, value));
            if level.variables.len() == given {
                continue;
            }
            put(tx, id, &message).await?;
        }
    }
}

fn has_values(message: &Message) -> bool {
    message.alert().and_then(|alert| alert.level.as_ref()).is_some_and(|level| !level.variables.is_empty())
}
