//! What a status page shows of its components.

use domain::health::State;
use domain::id::{ComponentKey, MonitorKey, PageKey};
use domain::time::Timestamp;

use super::super::{Result, StoreError, Tx, sql};

/// A monitor that a component follows. Nothing of it is public but what it does to the component's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The component.
    pub component: ComponentKey,
    /// The monitor.
    pub monitor: MonitorKey,
    /// The state that the component follows.
    pub state: State,
    /// When it was added: before that there is no data.
    pub created_at: Timestamp,
}

/// Every monitor that a component of a page follows.
pub async fn followed(tx: &mut Tx, page: PageKey) -> Result<Vec<Followed>> {
    let rows: Vec<(i64, i64, String, i64)> = sql!(tx, |conn| sqlx::query_as(concat!(
        "select cm.component_id, m.id, ",
        followed_state!(),
        ", m.created_at from components c join component_monitors cm on cm.component_id = c.id \
         join monitors m on m.id = cm.monitor_id join health h on h.monitor_id = m.id \
         where c.page_id = $1 order by cm.component_id, m.id"
    ))
    .bind(page.0)
    .fetch_all(conn)
    .await?);
    let followed = |(component, monitor, word, created_at): (i64, i64, String, i64)| {
        let corrupt = StoreError::Corrupt { table: "health", column: "state", id: monitor };
        Ok(Followed {
            component: ComponentKey(component),
            monitor: MonitorKey(monitor),
            state: State::from_word(&word).ok_or(corrupt)?,
            created_at: Timestamp(created_at),
        })
    };
    rows.into_iter().map(followed).collect()
}

/// When incidents that touch a component of a page began, from `from` on.
pub async fn beginnings(
    tx: &mut Tx,
    page: PageKey,
    from: Timestamp,
) -> Result<Vec<(ComponentKey, Timestamp)>> {
    let rows: Vec<(i64, i64)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select ic.component_id, i.started_at from incidents i join incident_components ic on ic.incident_id = i.id \
         join components c on c.id = ic.component_id where i.started_at >= $1 and c.page_id = $2"
    )
    .bind(from.0)
    .bind(page.0)
    .fetch_all(conn)
    .await?
    });
    Ok(rows.into_iter().map(|(component, at)| (ComponentKey(component), Timestamp(at))).collect())
}

/// The pages of which a component follows a monitor.
pub async fn pages_of(tx: &mut Tx, monitor: MonitorKey) -> Result<Vec<PageKey>> {
    let pages: Vec<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select distinct c.page_id from component_monitors cm join components c on c.id = cm.component_id \
         where cm.monitor_id = $1 order by c.page_id"
    )
    .bind(monitor.0)
    .fetch_all(conn)
    .await?
    });
    Ok(pages.into_iter().map(PageKey).collect())
}
