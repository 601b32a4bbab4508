//! Incidents: what operators see, and what the public may.

use std::collections::HashMap;

use domain::id::{ComponentKey, IncidentId, IncidentKey, MonitorKey, PageKey};
use domain::incident::{IncidentOrigin, IncidentPhase};
use domain::time::Timestamp;
use domain::views::console::IncidentRow;
use domain::views::public::IncidentUpdateView;
use sqlx::{FromRow, QueryBuilder};

use super::super::batch::{push_in, slices};
use super::super::{Result, StoreError, Tx, sql};

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    title: String,
    phase: String,
    started_at: i64,
    resolved_at: Option<i64>,
    monitor: Option<String>,
    reason: Option<String>,
}

impl TryFrom<Row> for IncidentRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt { table: "incidents", column, id: row.id };
        Ok(Self {
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            title: row.title,
            phase: IncidentPhase::from_word(&row.phase).ok_or(corrupt("phase"))?,
            started_at: Timestamp(row.started_at),
            resolved_at: row.resolved_at.map(Timestamp),
            monitor: row.monitor.and_then(|id| id.parse().ok()),
            reason: row.reason,
        })
    }
}

/// Incidents that are open, for operators, the newest first.
pub async fn open(tx: &mut Tx, limit: i64) -> Result<Vec<IncidentRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select i.id, i.public_id, i.title, i.phase, i.started_at, i.resolved_at, m.public_id as monitor, i.reason \
         from incidents i left join monitors m on m.id = i.monitor_id \
         where i.resolved_at is null order by i.started_at desc, i.id desc limit $1"
    )
    .bind(limit)
    .fetch_all(conn)
    .await?
    });
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The incidents of a monitor, the newest first.
pub async fn of_monitor(tx: &mut Tx, monitor: MonitorKey, limit: i64) -> Result<Vec<IncidentRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select i.id, i.public_id, i.title, i.phase, i.started_at, i.resolved_at, m.public_id as monitor, i.reason \
         from incidents i left join monitors m on m.id = i.monitor_id \
         where i.monitor_id = $1 order by i.started_at desc, i.id desc limit $2"
    )
    .bind(monitor.0)
    .bind(limit)
    .fetch_all(conn)
    .await?
    });
    rows.into_iter().map(TryInto::try_into).collect()
}

/// What the public may know of an incident. There is no reason in it, and a title only when a person wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicIncident {
    /// The database key.
    pub key: IncidentKey,
    /// The public id.
    pub id: IncidentId,
    /// The headline that a person wrote; `None` for automatic incidents, whose title names the monitor.
    pub title: Option<String>,
    /// Where it stands.
    pub phase: IncidentPhase,
    /// When the trouble began.
    pub started_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct PublicRow {
    id: i64,
    public_id: String,
    origin: String,
    title: String,
    phase: String,
    started_at: i64,
    resolved_at: Option<i64>,
}

impl TryFrom<PublicRow> for PublicIncident {
    type Error = StoreError;

    fn try_from(row: PublicRow) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt { table: "incidents", column, id: row.id };
        Ok(Self {
            key: IncidentKey(row.id),
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            title: (row.origin == IncidentOrigin::Manual.as_str()).then_some(row.title),
            phase: IncidentPhase::from_word(&row.phase).ok_or(corrupt("phase"))?,
            started_at: Timestamp(row.started_at),
            resolved_at: row.resolved_at.map(Timestamp),
        })
    }
}

/// Incidents that touch a component of a page; the rest of the statement follows.
macro_rules! select_public {
    ($rest:expr) => {
        select_public!("i.id, i.public_id, i.origin, i.title, i.phase, i.started_at, i.resolved_at", $rest)
    };
    ($what:literal, $rest:expr) => {
        concat!(
            "select ",
            $what,
            " from incidents i \
             where exists (select 1 from incident_components ic join components c on c.id = ic.component_id \
             where ic.incident_id = i.id and c.page_id = $1) ",
            $rest
        )
    };
}

/// Whether an incident of page `$1` is one that a person opened, or touches a component of which nobody said that it is well or under
/// maintenance: what was set by hand wins over what checks say.
macro_rules! not_overruled {
    () => {
        "(i.origin <> 'automatic' or exists (select 1 from incident_components ic join components c on c.id = ic.component_id \
         where ic.incident_id = i.id and c.page_id = $1 \
         and (c.by_hand is null or c.by_hand not in ('OPERATIONAL', 'UNDERMAINTENANCE'))))"
    };
}

/// The newest first, at most `$2`.
macro_rules! newest {
    () => {
        " order by i.started_at desc, i.id desc limit $2"
    };
}

/// The open incidents of a page, the newest first, without those that are [`overruled_on_page`].
pub async fn open_on_page(tx: &mut Tx, page: PageKey, limit: i64) -> Result<Vec<PublicIncident>> {
    let shown = select_public!(concat!("and i.resolved_at is null and ", not_overruled!(), newest!()));
    list(tx, shown, page, limit).await
}

/// The open incidents that a page does not show, because a person said of each of their components that it is well or under
/// maintenance; the newest first.
pub async fn overruled_on_page(tx: &mut Tx, page: PageKey, limit: i64) -> Result<Vec<PublicIncident>> {
    let hidden = select_public!(concat!("and i.resolved_at is null and not ", not_overruled!(), newest!()));
    list(tx, hidden, page, limit).await
}

async fn list(
    tx: &mut Tx,
    statement: &'static str,
    page: PageKey,
    limit: i64,
) -> Result<Vec<PublicIncident>> {
    let rows: Vec<PublicRow> =
        sql!(tx, |conn| sqlx::query_as(statement).bind(page.0).bind(limit).fetch_all(conn).await?);
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Since when a page has had something open: when the first of the open incidents began that it shows.
pub async fn open_since(tx: &mut Tx, page: PageKey) -> Result<Option<Timestamp>> {
    let at: Option<i64> = sql!(tx, |conn| sqlx::query_scalar(select_public!(
        "min(i.started_at)",
        concat!("and i.resolved_at is null and ", not_overruled!())
    ))
    .bind(page.0)
    .fetch_one(conn)
    .await?);
    Ok(at.map(Timestamp))
}

/// Those that began from `$2` until before `$3`, as far as the page shows them; with `$4` only those that are over.
macro_rules! began_between {
    ($rest:literal) => {
        concat!(
            "and i.started_at >= $2 and i.started_at < $3 and (i.resolved_at is not null or (not $4 and ",
            not_overruled!(),
            ")) ",
            $rest
        )
    };
}

/// The incidents of a page that began from `from` until before `until`, the newest first, without the open ones if only those are
/// asked for that are over.
pub async fn of_page(
    tx: &mut Tx,
    page: PageKey,
    (from, until): (Timestamp, Timestamp),
    only_over: bool,
    limit: i64,
) -> Result<Vec<PublicIncident>> {
    let rows: Vec<PublicRow> = sql!(tx, |conn| sqlx::query_as(select_public!(began_between!(
        "order by i.started_at desc, i.id desc limit $5"
    )))
    .bind(page.0)
    .bind(from.0)
    .bind(until.0)
    .bind(only_over)
    .bind(limit)
    .fetch_all(conn)
    .await?);
    rows.into_iter().map(TryInto::try_into).collect()
}

/// How many [`of_page`] would find without a limit.
pub async fn count_of_page(
    tx: &mut Tx,
    page: PageKey,
    (from, until): (Timestamp, Timestamp),
    only_over: bool,
) -> Result<i64> {
    Ok(sql!(tx, |conn| sqlx::query_scalar(select_public!("count(*)", began_between!("")))
        .bind(page.0)
        .bind(from.0)
        .bind(until.0)
        .bind(only_over)
        .fetch_one(conn)
        .await?))
}

/// An incident, if it touches a component of the page.
pub async fn on_page(tx: &mut Tx, page: PageKey, id: &IncidentId) -> Result<Option<PublicIncident>> {
    let row: Option<PublicRow> = sql!(tx, |conn| sqlx::query_as(select_public!("and i.public_id = $2"))
        .bind(page.0)
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?);
    row.map(TryInto::try_into).transpose()
}

/// When the first incident of a page began.
pub async fn first_on_page(tx: &mut Tx, page: PageKey) -> Result<Option<Timestamp>> {
    let at: Option<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "select min(i.started_at) from incidents i join incident_components ic on ic.incident_id = i.id \
         join components c on c.id = ic.component_id where c.page_id = $1"
    )
    .bind(page.0)
    .fetch_one(conn)
    .await?);
    Ok(at.map(Timestamp))
}

/// The components of a page that incidents touch, in their order, by incident.
pub async fn touched(
    tx: &mut Tx,
    page: PageKey,
    incidents: &[PublicIncident],
) -> Result<HashMap<IncidentKey, Vec<ComponentKey>>> {
    let mut touched: HashMap<IncidentKey, Vec<ComponentKey>> = HashMap::new();
    for keys in slices(&keys(incidents)) {
        let rows: Vec<(i64, i64)> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "select ic.incident_id, c.id from incident_components ic join components c on c.id = ic.component_id \
                 where c.page_id = ",
            );
            query.push_bind(page.0);
            push_in(&mut query, " and ic.incident_id", &keys);
            query.push(" order by c.position, c.id");
            query.build_query_as().fetch_all(conn).await?
        });
        for (incident, component) in rows {
            touched.entry(IncidentKey(incident)).or_default().push(ComponentKey(component));
        }
    }
    Ok(touched)
}

#[derive(FromRow)]
struct UpdateRow {
    id: i64,
    public_id: String,
    incident_id: i64,
    phase: String,
    body: String,
    created_at: i64,
}

/// What was said of incidents, the newest first, by incident.
pub async fn updates(
    tx: &mut Tx,
    incidents: &[PublicIncident],
) -> Result<HashMap<IncidentKey, Vec<IncidentUpdateView>>> {
    let mut updates: HashMap<IncidentKey, Vec<IncidentUpdateView>> = HashMap::new();
    for keys in slices(&keys(incidents)) {
        let rows: Vec<UpdateRow> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "select id, public_id, incident_id, phase, body, created_at from incident_updates where ",
            );
            push_in(&mut query, "incident_id", &keys);
            query.push(" order by created_at desc, id desc");
            query.build_query_as().fetch_all(conn).await?
        });
        for row in rows {
            let (incident, update) = read_update(row)?;
            updates.entry(incident).or_default().push(update);
        }
    }
    Ok(updates)
}

/// What was said of one incident, the newest first.
pub async fn updates_of(tx: &mut Tx, incident: IncidentKey) -> Result<Vec<IncidentUpdateView>> {
    let rows: Vec<UpdateRow> = sql!(tx, |conn| sqlx::query_as(
        "select id, public_id, incident_id, phase, body, created_at from incident_updates \
         where incident_id = $1 order by created_at desc, id desc"
    )
    .bind(incident.0)
    .fetch_all(conn)
    .await?);
    rows.into_iter().map(|row| read_update(row).map(|(_, update)| update)).collect()
}

fn read_update(row: UpdateRow) -> Result<(IncidentKey, IncidentUpdateView)> {
    let corrupt = |column| StoreError::Corrupt { table: "incident_updates", column, id: row.id };
    let update = IncidentUpdateView {
        id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
        phase: IncidentPhase::from_word(&row.phase).ok_or(corrupt("phase"))?,
        body: row.body,
        at: Timestamp(row.created_at),
    };
    Ok((IncidentKey(row.incident_id), update))
}

fn keys(incidents: &[PublicIncident]) -> Vec<i64> {
    incidents.iter().map(|incident| incident.key.0).collect()
}
