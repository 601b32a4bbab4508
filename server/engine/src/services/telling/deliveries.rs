//! The log of deliveries.

use domain::id::DeliveryId;
use domain::person::Viewer;
use domain::time::{DAY, Timestamp};
use domain::views::console::{
    DELIVERIES_PER_PAGE, DeliveryCounts, DeliveryDetail, DeliveryList, DeliveryQuery, MOST_COUNTED,
};

use super::super::place;
use super::{Result, ServiceError, Services, operator};
use crate::store::{deliveries, views};

impl Services {
    /// A page of the log, the newest first. A page behind the last one shows the last one, as far as they are counted.
    pub async fn deliveries(&self, viewer: &Viewer, query: &DeliveryQuery) -> Result<DeliveryList> {
        operator(viewer)?;
        let since = Timestamp(self.now().0 - DAY);
        let mut tx = self.inner.db.read().await?;
        let found = views::deliveries::found(&mut tx, query).await?;
        let page = match query.page.max(1) {
            page if found > MOST_COUNTED => page,
            page => place(page, found, DELIVERIES_PER_PAGE).0,
        };
        let rows = views::deliveries::list(&mut tx, &DeliveryQuery { page, ..query.clone() }).await?;
        let counts = views::deliveries::counts(&mut tx, since).await?;
        let (found, more) = (found.min(MOST_COUNTED), found > MOST_COUNTED);
        Ok(DeliveryList { rows, found, more, page, counts })
    }

    /// How many deliveries of the last hours stand where.
    pub async fn delivery_counts(&self, viewer: &Viewer, hours: u32) -> Result<DeliveryCounts> {
        operator(viewer)?;
        let since = Timestamp(self.now().0 - i64::from(hours) * domain::time::HOUR);
        let mut tx = self.inner.db.read().await?;
        Ok(views::deliveries::counts(&mut tx, since).await?)
    }

    /// How many messages wait in the outbox, and since when the one that is due longest has been.
    pub async fn outbox(&self, viewer: &Viewer) -> Result<(i64, Option<Timestamp>)> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(views::deliveries::outbox(&mut tx, self.now()).await?)
    }

    /// A delivery with everything that was said.
    pub async fn delivery(&self, viewer: &Viewer, id: &DeliveryId) -> Result<DeliveryDetail> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        views::deliveries::detail(&mut tx, id.as_str()).await?.ok_or(ServiceError::NotFound)
    }

    /// Sends deliveries once more, with the same ids; returns how many: those that are on their way, or gone, are left as they are.
    pub async fn replay(&self, viewer: &Viewer, ids: &[DeliveryId]) -> Result<usize> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let mut replayed = 0;
        for id in ids {
            replayed += usize::from(deliveries::replay(&mut tx, id, now).await?);
        }
        tx.commit().await?;
        self.inner.telling.dispatcher.outbox.notify_one();
        Ok(replayed)
    }
}
