//! What programs are told of integrations, incidents and deliveries beyond what the console shows.

use domain::check::{CheckReport, CheckSettings};
use domain::id::IncidentId;
use domain::integration::IntegrationSettings;
use domain::person::Viewer;
use domain::time::{HOUR, Timestamp};
use domain::views::console::{DeliveryCounts, DeliveryQuery, DeliveryRow, IntegrationRow, MOST_COUNTED};

use super::integrations::row;
use super::{Result, ServiceError, Services, operator};
use crate::store::views::telling::Incident;
use crate::store::{self, Tx, evidence, integrations, monitors, projects, views};

/// An incident with what was seen when it began.
#[derive(Clone, Debug)]
pub struct ProgramIncident {
    /// The incident.
    pub incident: Incident,
    /// The first report of it that is kept; it holds no secrets.
    pub report: Option<CheckReport>,
    /// How the monitor checks now; secrets are masked.
    pub settings: Option<CheckSettings>,
}

/// How deliveries of some hours went.
#[derive(Clone, Debug)]
pub struct DeliveryStats {
    /// How many stand where.
    pub counts: DeliveryCounts,
    /// What they tell of, the most frequent first.
    pub by_kind: Vec<(String, i64)>,
    /// Through which providers, the most frequent first.
    pub by_provider: Vec<(String, i64)>,
}

impl Services {
    /// Every integration with its settings, secrets as they are. Whoever shows them masks them.
    pub async fn program_integrations(
        &self,
        viewer: &Viewer,
    ) -> Result<Vec<(IntegrationRow, Option<IntegrationSettings>)>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let uses = views::telling::uses(&mut tx).await?;
        let all = integrations::all(&mut tx).await?;
        let seen =
            all.into_iter().map(|one| (row(&one, uses.get(&one.key).copied().unwrap_or_default(), 0), one));
        Ok(seen.map(|(row, one)| (row, one.settings.ok())).collect())
    }

    /// A page of incidents, from 1 on: those that are open first; with how many there are in all.
    pub async fn program_incidents(
        &self,
        viewer: &Viewer,
        open: Option<bool>,
        page: u32,
        per_page: u32,
    ) -> Result<(Vec<ProgramIncident>, i64)> {
        let offset = i64::from(page.max(1) - 1) * i64::from(per_page);
        let (list, found) = self.incidents(viewer, open, i64::from(per_page), offset).await?;
        let mut tx = self.inner.db.read().await?;
        let mut seen = Vec::with_capacity(list.len());
        for incident in list {
            seen.push(with_report(&mut tx, incident).await?);
        }
        Ok((seen, found))
    }

    /// An incident.
    pub async fn program_incident(&self, viewer: &Viewer, id: &IncidentId) -> Result<ProgramIncident> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let incident = views::telling::incident(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
        with_report(&mut tx, incident).await
    }

    /// A page of the log with as many deliveries as a program wants, the newest first; with how many there are in all, counted to
    /// [`MOST_COUNTED`].
    pub async fn program_deliveries(
        &self,
        viewer: &Viewer,
        query: &DeliveryQuery,
        per_page: u32,
    ) -> Result<(Vec<DeliveryRow>, i64)> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let rows = views::deliveries::page(&mut tx, query, per_page).await?;
        Ok((rows, views::deliveries::found(&mut tx, query).await?.min(MOST_COUNTED)))
    }

    /// How the deliveries of the last hours went.
    pub async fn delivery_stats(&self, viewer: &Viewer, hours: u32) -> Result<DeliveryStats> {
        let counts = self.delivery_counts(viewer, hours).await?;
        let since = Timestamp(self.now().0 - i64::from(hours) * HOUR);
        let mut tx = self.inner.db.read().await?;
        let (by_kind, by_provider) = views::programs::delivery_shares(&mut tx, since).await?;
        Ok(DeliveryStats { counts, by_kind, by_provider })
    }

    /// Whether the plan of the project includes what costs money with each message.
    pub async fn is_paid(&self, viewer: &Viewer) -> Result<bool> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(projects::only(&mut tx).await?.is_some_and(|project| project.paid))
    }

    /// Says which plan the project has.
    pub async fn set_paid(&self, viewer: &Viewer, paid: bool) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let project = self.project(&mut tx, now).await?;
        projects::set_paid(&mut tx, project, paid, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn with_report(tx: &mut Tx, incident: Incident) -> Result<ProgramIncident> {
    let (mut report, mut settings) = (None, None);
    if let Some(monitor) = incident.monitor {
        let until = incident.row.resolved_at.unwrap_or(Timestamp(i64::MAX));
        report = evidence::first(tx, monitor, incident.row.started_at, until).await?;
        settings = match monitors::by_key(tx, monitor).await {
            Ok(monitor) => monitor.map(|monitor| monitor.draft.settings.redacted()),
            Err(error @ store::StoreError::Corrupt { .. }) => {
                tracing::error!(%error, "the monitor of an incident cannot be read");
                None
            }
            Err(error) => return Err(error.into()),
        };
    }
    Ok(ProgramIncident { incident, report, settings })
}
