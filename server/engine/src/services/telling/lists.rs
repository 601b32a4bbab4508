//! Pages of definitions, integrations and tokens.

use std::collections::{HashMap, HashSet};

use domain::alert::{Definition, Level};
use domain::id::{DefinitionId, IntegrationId, MonitorId};
use domain::person::Viewer;
use domain::views::console::{
    DEFINITIONS_PER_PAGE, DefinitionRow, IntegrationChoice, IntegrationRow, ListQuery, Listed,
    MONITORS_NAMED, Named, PER_PAGE, TokenRow,
};

use super::super::monitors::load as load_monitor;
use super::super::place;
use super::integrations::{choice, row};
use super::{Result, Services, operator};
use crate::store::views::telling;
use crate::store::{definitions, integrations, tokens};

impl Services {
    /// A page of alert definitions, the default one first; and the integrations that their levels name.
    pub async fn definition_list(
        &self,
        viewer: &Viewer,
        query: &ListQuery,
    ) -> Result<(Listed<DefinitionRow>, Vec<IntegrationChoice>)> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let total = definitions::found(&mut tx, "").await?;
        let found = definitions::found(&mut tx, &query.search).await?;
        let (page, offset) = place(query.page, found, DEFINITIONS_PER_PAGE);
        let limit = i64::from(DEFINITIONS_PER_PAGE);
        let shown = definitions::page(&mut tx, &query.search, limit, offset).await?;
        let keys: Vec<_> = shown.iter().map(|definition| definition.key).collect();
        let mut named = definitions::named(&mut tx, &keys, MONITORS_NAMED).await?;
        let levels = shown.iter().flat_map(|definition| &definition.draft.levels);
        let told: HashSet<&IntegrationId> =
            levels.flat_map(|level| &level.targets).map(|target| &target.integration).collect();
        let all = integrations::all(&mut tx).await?.into_iter().filter(|one| told.contains(&one.id));
        let all = all.map(|one| IntegrationChoice { variables: Vec::new(), ..choice(one) }).collect();
        let rows = shown.into_iter().map(|definition| {
            let (monitors, named) = named.remove(&definition.key).unwrap_or_default();
            DefinitionRow {
                id: definition.id,
                is_default: definition.is_default,
                name: definition.draft.name,
                active: definition.draft.active,
                levels: definition.draft.levels.into_iter().map(without_values).collect(),
                monitors,
                named,
            }
        });
        let rows = rows.collect();
        Ok((
            Listed { rows, search: query.search.clone(), found, total, page, per_page: DEFINITIONS_PER_PAGE },
            all,
        ))
    }

    /// The definitions in use that hold for a monitor, by name, each with the integrations that its levels in use tell.
    pub async fn definitions_of(
        &self,
        viewer: &Viewer,
        monitor: &MonitorId,
    ) -> Result<Vec<(Named<DefinitionId>, Vec<IntegrationId>)>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let monitor = load_monitor(&mut tx, monitor).await?;
        let mut holding = definitions::of_monitor(&mut tx, monitor.key).await?;
        holding.sort_by_cached_key(|definition| definition.draft.name.to_lowercase());
        let told = |definition: Definition| {
            let levels = definition.draft.levels.into_iter().filter(|level| level.active);
            let targets = levels.flat_map(|level| level.targets).map(|target| target.integration);
            (Named { id: definition.id, name: definition.draft.name }, targets.collect())
        };
        Ok(holding.into_iter().map(told).collect())
    }

    /// A page of integrations, by name.
    pub async fn integration_list(
        &self,
        viewer: &Viewer,
        query: &ListQuery,
    ) -> Result<Listed<IntegrationRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let total = integrations::found(&mut tx, "").await?;
        let found = integrations::found(&mut tx, &query.search).await?;
        let (page, offset) = place(query.page, found, PER_PAGE);
        let shown = integrations::page(&mut tx, &query.search, i64::from(PER_PAGE), offset).await?;
        let uses = telling::uses(&mut tx).await?;
        let named = levels(definitions::without_monitors(&mut tx).await?);
        let rows = shown.iter().map(|one| {
            let levels = named.get(&one.id).copied().unwrap_or_default();
            row(one, uses.get(&one.key).copied().unwrap_or_default(), levels)
        });
        Ok(Listed {
            rows: rows.collect(),
            search: query.search.clone(),
            found,
            total,
            page,
            per_page: PER_PAGE,
        })
    }

    /// A page of tokens, the newest first.
    pub async fn token_list(&self, viewer: &Viewer, query: &ListQuery) -> Result<Listed<TokenRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let total = tokens::found(&mut tx, "").await?;
        let found = tokens::found(&mut tx, &query.search).await?;
        let (page, offset) = place(query.page, found, PER_PAGE);
        let rows = tokens::page(&mut tx, &query.search, i64::from(PER_PAGE), offset).await?;
        Ok(Listed { rows, search: query.search.clone(), found, total, page, per_page: PER_PAGE })
    }
}

/// A level without what it gives to variables: there are secrets among that, and no list shows it.
fn without_values(mut level: Level) -> Level {
    for target in &mut level.targets {
        target.variables.clear();
    }
    level
}

/// How many levels name each integration.
fn levels(definitions: Vec<Definition>) -> HashMap<IntegrationId, u32> {
    let mut levels = HashMap::new();
    for level in definitions.into_iter().flat_map(|definition| definition.draft.levels) {
        let told: HashSet<_> = level.targets.into_iter().map(|target| target.integration).collect();
        for integration in told {
            *levels.entry(integration).or_default() += 1;
        }
    }
    levels
}
