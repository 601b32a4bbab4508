//! Levels: what a level says, and whom it leads to.

use domain::alert::{Definition, Level, LevelTarget};
use domain::id::MonitorKey;
use domain::message::LevelFacts;

use crate::store::alerts::{AlertRow, DIRECT};
use crate::store::{self, definitions, integrations};

use super::{Addressee, Work};

/// The level of an alert.
pub(super) enum Found {
    /// There it is, and what is told of it.
    Level(Level, Option<LevelFacts>),
    /// It is switched off.
    Off,
    /// It is not there any more.
    Gone,
}

/// Whoever hears of a level.
pub(super) struct Target {
    pub(super) to: Addressee,
    pub(super) target: LevelTarget,
}

/// What tells the address of a target from others of its integration: the variables of a level may lead elsewhere.
pub(super) fn address(alert: &AlertRow, target: &LevelTarget) -> String {
    if target.variables.is_empty() { String::new() } else { format!("level:{}", alert.key.0) }
}

impl Work<'_> {
    /// The level of an alert.
    pub(super) async fn level(&mut self, alert: &AlertRow, monitor: MonitorKey) -> store::Result<Found> {
        if alert.definition == DIRECT {
            let mut targets = Vec::new();
            for key in integrations::attached(self.tx, monitor).await? {
                if let Some(integration) = integrations::get(self.tx, key).await? {
                    let target = LevelTarget {
                        integration: integration.id,
                        ok: true,
                        reminders: true,
                        variables: std::collections::BTreeMap::new(),
                    };
                    targets.push(target);
                }
            }
            return Ok(Found::Level(Level::at_once(targets), None));
        }
        let Some(Definition { id, draft, .. }) = definitions::get(self.tx, alert.definition).await? else {
            return Ok(Found::Gone);
        };
        let level = usize::try_from(alert.level).ok().and_then(|level| draft.levels.into_iter().nth(level));
        let Some(level) = level else { return Ok(Found::Gone) };
        if !draft.active || !level.active {
            return Ok(Found::Off);
        }
        let facts = LevelFacts {
            definition: id,
            name: draft.name,
            number: alert.level + 1,
            message: level.message.clone(),
            variables: std::collections::BTreeMap::new(),
        };
        Ok(Found::Level(level, Some(facts)))
    }

    /// The integrations of a level that are there and in use.
    pub(super) async fn targets(&mut self, level: &Level) -> store::Result<Vec<Target>> {
        let mut targets = Vec::with_capacity(level.targets.len());
        for target in &level.targets {
            let known = if let Some(known) = self.integrations.get(&target.integration) {
                *known
            } else {
                let found = integrations::by_id(self.tx, &target.integration).await?;
                let found = found.filter(|found| found.enabled);
                let found = found.map(|found| Addressee { key: found.key, kind: found.kind });
                self.integrations.insert(target.integration.clone(), found);
                found
            };
            targets.extend(known.map(|to| Target { to, target: target.clone() }));
        }
        Ok(targets)
    }
}
