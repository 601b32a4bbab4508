//! Components of status pages and their groups.

use domain::id::{ComponentId, ComponentKey, GroupId, GroupKey, MonitorKey, PageKey};
use domain::status_page::ComponentState;
use domain::time::Timestamp;
use sqlx::{FromRow, QueryBuilder};

use super::{Result, StoreError, Tx, sql};

/// A group of components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The database key.
    pub key: GroupKey,
    /// The public id.
    pub id: GroupId,
    /// The name for people.
    pub name: String,
}

/// A component as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The database key.
    pub key: ComponentKey,
    /// The public id.
    pub id: ComponentId,
    /// The group it belongs to.
    pub group: Option<GroupKey>,
    /// What the operator said of it.
    pub fields: Fields,
    /// The state that was set by hand.
    pub by_hand: Option<ComponentState>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What an operator says of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The name for people.
    pub name: String,
    /// A sentence about it; empty for none.
    pub description: String,
    /// Whether the public sees the bar and the uptime figure.
    pub show_uptime: bool,
    /// Whether the public sees response times.
    pub show_latency: bool,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    group_id: Option<i64>,
    name: String,
    description: String,
    by_hand: Option<String>,
    show_uptime: bool,
    show_latency: bool,
    created_at: i64,
}

impl TryFrom<Row> for Component {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt { table: "components", column, id: row.id };
        let by_hand = match row.by_hand.as_deref() {
            Some(word) => Some(ComponentState::from_word(word).ok_or(corrupt("by_hand"))?),
            None => None,
        };
        Ok(Self {
            key: ComponentKey(row.id),
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            group: row.group_id.map(GroupKey),
            fields: Fields {
                name: row.name,
                description: row.description,
                show_uptime: row.show_uptime,
                show_latency: row.show_latency,
            },
            by_hand,
            created_at: Timestamp(row.created_at),
        })
    }
}

/// The groups of a page, in their order.
pub async fn groups(tx: &mut Tx, page: PageKey) -> Result<Vec<Group>> {
    let rows: Vec<(i64, String, String)> = sql!(tx, |conn| sqlx::query_as(
        "select id, public_id, name from component_groups where page_id = $1 order by position, id"
    )
    .bind(page.0)
    .fetch_all(conn)
    .await?);
    let group = |(key, id, name): (i64, String, String)| {
        let corrupt = StoreError::Corrupt { table: "component_groups", column: "public_id", id: key };
        Ok(Group { key: GroupKey(key), id: id.parse().map_err(|_| corrupt)?, name })
    };
    rows.into_iter().map(group).collect()
}

/// The components of a page, in their order within their groups.
pub async fn of_page(tx: &mut Tx, page: PageKey) -> Result<Vec<Component>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select id, public_id, group_id, name, description, by_hand, show_uptime, show_latency, created_at \
         from components where page_id = $1 order by position, id"
    )
    .bind(page.0)
    .fetch_all(conn)
    .await?
    });
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A component of a page.
pub async fn by_id(tx: &mut Tx, page: PageKey, id: &ComponentId) -> Result<Option<Component>> {
    let row: Option<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select id, public_id, group_id, name, description, by_hand, show_uptime, show_latency, created_at \
         from components where page_id = $1 and public_id = $2"
    )
    .bind(page.0)
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?
    });
    row.map(TryInto::try_into).transpose()
}

/// Adds a group behind the others.
pub async fn add_group(tx: &mut Tx, page: PageKey, id: &GroupId, name: &str) -> Result<GroupKey> {
    let key: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
        "insert into component_groups (public_id, page_id, name, position) \
         select $1, $2, $3, coalesce(max(position), 0) + 1 from component_groups where page_id = $2 returning id"
    )
    .bind(id.as_str())
    .bind(page.0)
    .bind(name)
    .fetch_one(conn)
    .await?
    });
    Ok(GroupKey(key))
}

/// Renames a group; returns whether it is there.
pub async fn rename_group(tx: &mut Tx, page: PageKey, id: &GroupId, name: &str) -> Result<bool> {
    let changed = sql!(tx, |conn| sqlx::query(
        "update component_groups set name = $1 where page_id = $2 and public_id = $3"
    )
    .bind(name)
    .bind(page.0)
    .bind(id.as_str())
    .execute(conn)
    .await?
    .rows_affected());
    Ok(changed == 1)
}

/// Deletes a group; its components stay, without a group. Returns whether it was there.
pub async fn delete_group(tx: &mut Tx, page: PageKey, id: &GroupId) -> Result<bool> {
    let deleted =
        sql!(tx, |conn| sqlx::query("delete from component_groups where page_id = $1 and public_id = $2")
            .bind(page.0)
            .bind(id.as_str())
            .execute(conn)
            .await?
            .rows_affected());
    Ok(deleted == 1)
}

/// Changes the places of two groups.
pub async fn swap_groups(tx: &mut Tx, one: GroupKey, other: GroupKey) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update component_groups set position = places.place from \
         (select a.id, b.position as place from component_groups a join component_groups b on b.id = $1 + $2 - a.id \
         where a.id in ($1, $2)) as places where component_groups.id = places.id"
    )
    .bind(one.0)
    .bind(other.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Adds a component behind the others.
pub async fn add(
    tx: &mut Tx,
    page: PageKey,
    id: &ComponentId,
    group: Option<GroupKey>,
    fields: &Fields,
    at: Timestamp,
) -> Result<ComponentKey> {
    let key: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
        "insert into components (public_id, page_id, group_id, name, description, position, show_uptime, show_latency, \
         created_at) select $1, $2, $3, $4, $5, coalesce(max(position), 0) + 1, $6, $7, $8 from components \
         where page_id = $2 returning id"
    )
    .bind(id.as_str())
    .bind(page.0)
    .bind(group.map(|group| group.0))
    .bind(&fields.name)
    .bind(&fields.description)
    .bind(fields.show_uptime)
    .bind(fields.show_latency)
    .bind(at.0)
    .fetch_one(conn)
    .await?
    });
    Ok(ComponentKey(key))
}

/// Changes a component.
pub async fn update(tx: &mut Tx, key: ComponentKey, group: Option<GroupKey>, fields: &Fields) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update components set group_id = $1, name = $2, description = $3, show_uptime = $4, show_latency = $5 where id = $6"
    )
    .bind(group.map(|group| group.0))
    .bind(&fields.name)
    .bind(&fields.description)
    .bind(fields.show_uptime)
    .bind(fields.show_latency)
    .bind(key.0)
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}

/// Sets the state of a component by hand, or lets it follow its monitors again.
pub async fn set_by_hand(tx: &mut Tx, key: ComponentKey, state: Option<ComponentState>) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update components set by_hand = $1 where id = $2")
        .bind(state.map(ComponentState::as_str))
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Changes the places of two components.
pub async fn swap(tx: &mut Tx, one: ComponentKey, other: ComponentKey) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
            "update components set position = places.place from \
         (select a.id, b.position as place from components a join components b on b.id = $1 + $2 - a.id \
         where a.id in ($1, $2)) as places where components.id = places.id",
        )
        .bind(one.0)
        .bind(other.0)
        .execute(conn)
        .await?
        .rows_affected()
    });
    Ok(())
}

/// Deletes a component.
pub async fn delete(tx: &mut Tx, key: ComponentKey) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from components where id = $1")
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Lets a component follow exactly these monitors, and ties it to those of their incidents that are open. Incidents that are
/// over stay as they were: later edits do not rewrite the past.
pub async fn follow(tx: &mut Tx, component: ComponentKey, monitors: &[MonitorKey]) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from component_monitors where component_id = $1")
        .bind(component.0)
        .execute(conn)
        .await?
        .rows_affected());
    if !monitors.is_empty() {
        sql!(tx, |conn| {
            let mut query = QueryBuilder::new("insert into component_monitors (component_id, monitor_id) ");
            query.push_values(monitors, |mut values, monitor| {
                values.push_bind(component.0).push_bind(monitor.0);
            });
            query.push(" on conflict (component_id, monitor_id) do nothing");
            query.build().execute(conn).await?.rows_affected()
        });
    }
    sql!(tx, |conn| {
        sqlx::query(
        "delete from incident_components where component_id = $1 and incident_id in \
         (select id from incidents where resolved_at is null and origin = 'automatic' and (monitor_id is null or \
         monitor_id not in (select monitor_id from component_monitors where component_id = $1)))"
    )
    .bind(component.0)
    .execute(conn)
    .await?.rows_affected()
    });
    sql!(tx, |conn| {
        sqlx::query(
        "insert into incident_components (incident_id, component_id) select i.id, cm.component_id from incidents i \
         join component_monitors cm on cm.monitor_id = i.monitor_id \
         where cm.component_id = $1 and i.resolved_at is null and i.origin = 'automatic' \
         on conflict (incident_id, component_id) do nothing"
    )
    .bind(component.0)
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}
