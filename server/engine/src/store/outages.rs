//! What the planner reads of an outage: the incident, its monitor, and what the failing check saw.

use std::collections::BTreeMap;

use domain::check::Outcome;
use domain::id::{IncidentKey, MonitorKey};
use domain::message::{IncidentFacts, MonitorFacts, SeenFacts};
use domain::notes::Notes;
use domain::time::{MINUTE, Timestamp};
use domain::uptime::ResultState;
use sqlx::FromRow;
use sqlx::types::Json;

use super::{Result, StoreError, Tx, answers, evidence, incidents, sql};

/// Reports that are looked through for the one that began the outage.
const REPORTS: i64 = 20;

/// How long an outage waits at most for a look at what its monitor hangs on, in milliseconds: a look is asked for when the outage
/// begins. A heartbeat cannot be asked for, so one that comes less often is not waited for at all.
const LONGEST: i64 = 5 * MINUTE;

/// An outage that a monitor opened.
#[derive(Clone, Debug)]
pub struct Outage {
    /// The incident's key.
    pub incident: IncidentKey,
    /// What is told of it.
    pub facts: IncidentFacts,
    /// The monitor's key.
    pub monitor: MonitorKey,
    /// What is told of the monitor.
    pub monitor_facts: MonitorFacts,
    /// The time between two checks, in milliseconds.
    pub interval: i64,
    /// Who takes care of it, in words.
    pub acknowledged: Option<String>,
    /// Nobody is told more until then.
    pub snoozed_until: Option<Timestamp>,
    /// What the failing check saw.
    pub seen: SeenFacts,
}

#[derive(FromRow)]
struct Row {
    public_id: String,
    title: String,
    reason: Option<String>,
    started_at: i64,
    resolved_at: Option<i64>,
    acknowledged_by: Option<String>,
    snooze_until: Option<i64>,
    monitor_id: i64,
    monitor_public_id: String,
    name: String,
    kind: String,
    target: String,
    interval_ms: i64,
    notes: String,
    fields: Json<BTreeMap<String, String>>,
}

/// An outage; `None` when its monitor is gone.
pub async fn get(tx: &mut Tx, incident: IncidentKey) -> Result<Option<Outage>> {
    let row: Option<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select i.public_id, i.title, i.reason, i.started_at, i.resolved_at, i.acknowledged_by, i.snooze_until, i.monitor_id, \
         m.public_id as monitor_public_id, m.name, m.kind, m.target, m.interval_ms, m.notes, m.fields \
         from incidents i join monitors m on m.id = i.monitor_id where i.id = $1"
    )
    .bind(incident.0)
    .fetch_optional(conn)
    .await?
    });
    let Some(row) = row else { return Ok(None) };
    let corrupt = |column| StoreError::Corrupt { table: "incidents", column, id: incident.0 };
    let monitor = MonitorKey(row.monitor_id);
    let (failure, seen) = seen(tx, monitor, Timestamp(row.started_at)).await?;
    Ok(Some(Outage {
        incident,
        facts: IncidentFacts {
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            title: row.title,
            failure,
            reason: row.reason.unwrap_or_default(),
            started_at: Timestamp(row.started_at),
            resolved_at: row.resolved_at.map(Timestamp),
            ended: incidents::ended(tx, incident).await?,
        },
        monitor,
        monitor_facts: MonitorFacts {
            id: row.monitor_public_id.parse().map_err(|_| corrupt("monitor_id"))?,
            name: row.name,
            check: row.kind,
            target: row.target,
            notes: Notes { text: row.notes, fields: row.fields.0 },
        },
        interval: row.interval_ms,
        acknowledged: row.acknowledged_by,
        snoozed_until: row.snooze_until.map(Timestamp),
        seen,
    }))
}

/// What decides whether anybody is to be told of an outage.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// The monitor's key.
    pub monitor: MonitorKey,
    /// The first failure.
    pub started_at: Timestamp,
    /// The time between two checks, in milliseconds.
    pub interval: i64,
    /// Whether somebody takes care of it.
    pub acknowledged: bool,
    /// Nobody is told more until then.
    pub snoozed_until: Option<Timestamp>,
    /// Whether nobody looks at the monitor for now.
    pub paused: bool,
    /// When the last check was due of which the result is known.
    pub seen_at: Timestamp,
}

#[derive(FromRow)]
struct OpenRow {
    id: i64,
    started_at: i64,
    interval_ms: i64,
    acknowledged: bool,
    snooze_until: Option<i64>,
    paused: bool,
    seen_at: i64,
}

/// An outage that is not over, in short.
pub async fn open(tx: &mut Tx, incident: IncidentKey) -> Result<Option<Open>> {
    let row: Option<OpenRow> = sql!(tx, |conn| {
        sqlx::query_as(
            "select m.id, i.started_at, m.interval_ms, i.acknowledged_at is not null as acknowledged, i.snooze_until, m.paused, \
             coalesce((select max(at) from results where monitor_id = m.id), i.started_at) as seen_at \
             from incidents i join monitors m on m.id = i.monitor_id where i.id = $1 and i.resolved_at is null",
        )
        .bind(incident.0)
        .fetch_optional(conn)
        .await?
    });
    Ok(row.map(|row| Open {
        monitor: MonitorKey(row.id),
        started_at: Timestamp(row.started_at),
        interval: row.interval_ms,
        acknowledged: row.acknowledged,
        snoozed_until: row.snooze_until.map(Timestamp),
        paused: row.paused,
        seen_at: Timestamp(row.seen_at),
    }))
}

/// When an incident was over, whether or not its monitor is still there.
pub async fn resolved_at(tx: &mut Tx, incident: IncidentKey) -> Result<Option<Timestamp>> {
    let at: Option<Option<i64>> =
        sql!(tx, |conn| sqlx::query_scalar("select resolved_at from incidents where id = $1")
            .bind(incident.0)
            .fetch_optional(conn)
            .await?);
    Ok(at.flatten().map(Timestamp))
}

/// Whether an outage is over, or gone with its monitor.
pub async fn is_over(tx: &mut Tx, incident: IncidentKey) -> Result<bool> {
    let open: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "select count(*) from incidents i join monitors m on m.id = i.monitor_id \
         where i.id = $1 and i.resolved_at is null"
    )
    .bind(incident.0)
    .fetch_one(conn)
    .await?);
    Ok(open == 0)
}

/// The machine's word for the failure and what was seen, from the last failing report of the outage.
async fn seen(tx: &mut Tx, monitor: MonitorKey, since: Timestamp) -> Result<(String, SeenFacts)> {
    let reports = evidence::latest(tx, monitor, REPORTS).await?;
    let failing =
        reports.into_iter().filter(|item| item.at >= since).find_map(|item| match &item.report.outcome {
            Outcome::Down { failure } => Some((failure.incident_type().to_owned(), item.at, item.report)),
            _ => None,
        });
    let Some((failure, at, report)) = failing else {
        return Ok(("downtime".to_owned(), SeenFacts::default()));
    };
    let seen = report.evidence;
    let facts = SeenFacts {
        request: seen.request,
        address: seen
            .remote
            .map(|remote| remote.ip().to_string())
            .or_else(|| seen.addresses.first().map(ToString::to_string)),
        status: seen.status,
        headers: seen.headers,
        excerpt: seen.excerpt,
        answer: answers::of_report(tx, monitor, at).await?,
        certificate_until: report.certificate.map(|facts| Timestamp(facts.earliest_expiry_ms(at.0))),
    };
    Ok((failure, facts))
}

/// How many checks have failed since an outage began.
pub async fn errors(tx: &mut Tx, monitor: MonitorKey, since: Timestamp) -> Result<u32> {
    let count: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "select count(*) from results where monitor_id = $1 and at >= $2 and (state = $3 or state = $4)"
    )
    .bind(monitor.0)
    .bind(since.0)
    .bind(ResultState::Down.code())
    .bind(ResultState::Confirming.code())
    .fetch_one(conn)
    .await?);
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Whether alerts of an outage are held back at `now`: somebody silenced its monitor, or something that it hangs on, directly or
/// through others, is down or may be.
///
/// One that was not looked at since the outage began may be; it is waited for as long as its checks are apart, and never for longer
/// than five minutes. One that has just come back holds alerts back, too, until the monitor was checked once more: what was seen before
/// says nothing about the monitor itself. `margin` is what a check may take to be recorded, in milliseconds. A paused one holds nothing
/// back: nobody looks at it.
pub async fn is_held_back(tx: &mut Tx, open: &Open, now: Timestamp, margin: i64) -> Result<bool> {
    let waited = now.0.saturating_sub(open.started_at.0).saturating_sub(margin);
    let reasons: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
            "with recursive up (id) as (select parent_id from monitor_parents where monitor_id = $1 \
         union select p.parent_id from monitor_parents p join up on up.id = p.monitor_id) \
         select (select count(*) from mutes where monitor_id = $1 and until > $2) \
         + (select count(*) from up join monitors m on m.id = up.id join health h on h.monitor_id = up.id \
            where not m.paused and (h.settled = 'down' or h.state = 'confirming' \
            or (h.settled in ('up', 'degraded') and h.since > $3 \
                and h.since > coalesce((select max(at) from results where monitor_id = $1), 0)) \
            or (m.interval_ms > $4 and (m.kind <> 'push' or m.interval_ms <= $5) and h.since < $6 and not exists \
                (select 1 from results r where r.monitor_id = up.id and r.at >= $6 and r.state <> $7))))",
        )
        .bind(open.monitor.0)
        .bind(now.0)
        .bind(now.0.saturating_sub(open.interval.saturating_add(margin)))
        .bind(if waited < LONGEST { waited } else { i64::MAX })
        .bind(LONGEST)
        .bind(open.started_at.0)
        .bind(ResultState::Unknown.code())
        .fetch_one(conn)
        .await?
    });
    Ok(reasons > 0)
}

/// Puts an incident off, or takes that back; `false` when it is over.
pub async fn snooze(
    tx: &mut Tx,
    incident: IncidentKey,
    until: Option<Timestamp>,
    at: Timestamp,
) -> Result<bool> {
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update incidents set snooze_until = $1, snoozed_at = case when $1 is null then null else $2 end, updated_at = $2 \
         where id = $3 and resolved_at is null"
    )
    .bind(until.map(|until| until.0))
    .bind(at.0)
    .bind(incident.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(changed == 1)
}

/// Notes that somebody takes care of an incident; `false` when somebody did before, or it is over.
pub async fn acknowledge(tx: &mut Tx, incident: IncidentKey, who: &str, at: Timestamp) -> Result<bool> {
    let changed = sql!(tx, |conn| sqlx::query(
        "update incidents set acknowledged_at = $1, acknowledged_by = $2, updated_at = $1 \
         where id = $3 and acknowledged_at is null and resolved_at is null"
    )
    .bind(at.0)
    .bind(who)
    .bind(incident.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(changed == 1)
}
