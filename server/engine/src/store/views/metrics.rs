//! What `/metrics` shows of monitors.

use domain::check::Phases;
use domain::health::State;
use domain::id::{MonitorId, MonitorKey};
use domain::time::Timestamp;
use domain::views::console::MetricsRow;
use sqlx::FromRow;

use super::super::{Result, StoreError, Tx, sql};

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    name: String,
    kind: String,
    target: String,
    state: String,
    latency_us: Option<i64>,
    dns_us: Option<i64>,
    connect_us: Option<i64>,
    tls_us: Option<i64>,
    wait_us: Option<i64>,
    download_us: Option<i64>,
    status: Option<i64>,
    certificate_until: Option<i64>,
}

impl TryFrom<Row> for MetricsRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |table, column| StoreError::Corrupt { table, column, id: row.id };
        Ok(Self {
            id: row.public_id.parse().map_err(|_| corrupt("monitors", "public_id"))?,
            name: row.name,
            kind: row.kind.parse().map_err(|_| corrupt("monitors", "kind"))?,
            target: row.target,
            state: State::from_word(&row.state).ok_or(corrupt("health", "state"))?,
            latency_us: row.latency_us,
            phases: Phases {
                dns_us: row.dns_us,
                connect_us: row.connect_us,
                tls_us: row.tls_us,
                wait_us: row.wait_us,
                download_us: row.download_us,
            },
            status: row.status.and_then(|status| status.try_into().ok()),
            certificate_until: row.certificate_until.map(Timestamp),
        })
    }
}

/// The keys and public ids of every monitor that is not paused.
pub async fn ids(tx: &mut Tx) -> Result<Vec<(MonitorKey, MonitorId)>> {
    let rows: Vec<(i64, String)> = sql!(tx, |conn| {
        sqlx::query_as("select id, public_id from monitors where not paused order by id")
            .fetch_all(conn)
            .await?
    });
    let corrupt = |id| StoreError::Corrupt { table: "monitors", column: "public_id", id };
    rows.into_iter().map(|(key, id)| Ok((MonitorKey(key), id.parse().map_err(|_| corrupt(key))?))).collect()
}

/// Every monitor, in the order of keys; rows that make no sense are reported and left out.
pub async fn rows(tx: &mut Tx) -> Result<Vec<MetricsRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select m.id, m.public_id, m.name, m.kind, m.target, case when m.paused then 'paused' else h.state end as state, \
         r.latency_us, r.dns_us, r.connect_us, r.tls_us, r.wait_us, r.download_us, f.status, f.certificate_until from monitors m join health h on h.monitor_id = m.id \
         left join facts f on f.monitor_id = m.id left join results r on r.monitor_id = m.id \
         and r.at = (select max(x.at) from results x where x.monitor_id = m.id) order by m.id"
    )
    .fetch_all(conn)
    .await?
    });
    let sensible = |row: Row| {
        MetricsRow::try_from(row)
            .inspect_err(|error| tracing::error!(%error, "a monitor is left out of the metrics"))
            .ok()
    };
    Ok(rows.into_iter().filter_map(sensible).collect())
}
