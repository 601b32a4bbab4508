//! What is left of a message that tells many outages at once.

use std::collections::HashSet;

use domain::id::{DeliveryKey, IntegrationKey};
use domain::message::{Body, Group};
use domain::time::Timestamp;

use crate::store::claiming::Claimed;
use crate::store::deliveries;
use crate::store::groups::{self, Member, Pending};
use crate::store::outages;
use crate::store::{self, Tx};

use super::judge::{Plan, TAKEN_ON, silenced, skip};

/// Of outages that go on, those of which another message says so, or is about to say that they began.
pub(super) async fn said(
    tx: &mut Tx,
    integration: IntegrationKey,
    members: &[Member],
) -> store::Result<HashSet<DeliveryKey>> {
    let mut said = HashSet::new();
    for member in members {
        // Only messages to all whom an integration leads to are told together.
        let to = (integration, "");
        if member.pending == Pending::Beginning
            || deliveries::is_superseded(tx, member.incident_key, to, member.at).await?
        {
            said.insert(member.key);
        }
    }
    Ok(said)
}

/// How many outages a message tells together, if it does.
pub(super) fn told_together(claimed: &Claimed) -> Option<usize> {
    match &claimed.message.body {
        Body::Group(group) => Some(group.count()),
        _ => None,
    }
}

/// What a message of many would tell, if that is only one, and the other side cannot know the message: people want the link to it, and
/// to find it where they found its beginning.
pub(super) async fn only_one(tx: &mut Tx, claimed: &Claimed) -> store::Result<Option<DeliveryKey>> {
    if told_together(claimed) != Some(1) || claimed.attempts > 0 || claimed.replayed {
        return Ok(None);
    }
    let members = groups::members(tx, claimed.key).await?;
    Ok(if let [only] = members.as_slice() { Some(only.key) } else { None })
}

/// Leaves out of a message about open outages those that somebody takes care of; those that are silenced wait on their own.
pub(super) async fn leave_out_silenced(
    tx: &mut Tx,
    group: &mut Group,
    members: &[Member],
    now: Timestamp,
) -> store::Result<Option<Plan<'static>>> {
    let (mut acknowledged, mut waiting) = (HashSet::new(), HashSet::new());
    for member in members {
        let Some(open) = outages::open(tx, member.incident_key).await? else { continue };
        if open.acknowledged {
            acknowledged.insert(member.key);
        } else if let Some(until) = silenced(tx, &open, now).await? {
            groups::release(tx, member.key, until, now).await?;
            waiting.insert(member.key);
        }
    }
    let plan = keep(tx, group, members, |member| !acknowledged.contains(&member.key), TAKEN_ON, now).await?;
    if plan.is_some() || waiting.is_empty() {
        return Ok(plan);
    }
    let told = |member: &&Member| !acknowledged.contains(&member.key) && !waiting.contains(&member.key);
    let kept: Vec<_> = members.iter().filter(told).collect();
    if kept.is_empty() {
        return Ok(Some(skip("What it would have told waits for its own time.")));
    }
    group.keep(kept.len(), |incident| kept.iter().any(|member| member.incident == incident.id));
    Ok(None)
}

/// Leaves in a message about many outages only what is still to be told.
pub(super) async fn keep(
    tx: &mut Tx,
    group: &mut Group,
    members: &[Member],
    wanted: impl Fn(&Member) -> bool,
    why: &str,
    now: Timestamp,
) -> store::Result<Option<Plan<'static>>> {
    let (kept, dropped): (Vec<_>, Vec<_>) = members.iter().partition(|member| wanted(member));
    if dropped.is_empty() {
        return Ok(None);
    }
    for member in &dropped {
        groups::drop(tx, member.key, why, now).await?;
    }
    if kept.is_empty() {
        return Ok(Some(skip(why)));
    }
    group.keep(kept.len(), |incident| kept.iter().any(|member| member.incident == incident.id));
    Ok(None)
}
