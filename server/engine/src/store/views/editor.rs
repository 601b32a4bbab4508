//! What the editor of a status page shows of its components, page by page.

use std::collections::{HashMap, HashSet};

use domain::health::State;
use domain::id::{ComponentId, ComponentKey, GroupKey, MonitorKey, PageKey};
use domain::status_page::ComponentState;
use sqlx::{FromRow, QueryBuilder};

use super::super::batch::{push_in, slices};
use super::super::{Result, StoreError, Tx, sql};
use super::search::Search;

/// What a search looks at.
const SEARCHED: [&str; 3] = ["c.name", "c.description", "g.name"];

/// A component in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which.
    pub key: ComponentKey,
    /// The group it stands in.
    pub group: Option<GroupKey>,
    /// The state that was set by hand.
    pub by_hand: Option<ComponentState>,
}

/// Every component of a page in the order of the page: those without a group first, then by group.
pub async fn placed(tx: &mut Tx, page: PageKey) -> Result<Vec<Placed>> {
    let rows: Vec<(i64, Option<i64>, Option<String>)> = sql!(tx, |conn| {
        sqlx::query_as(
            "select c.id, c.group_id, c.by_hand from components c left join component_groups g on g.id = c.group_id \
             where c.page_id = $1 \
             order by case when g.id is null then 0 else 1 end, g.position, g.id, c.position, c.id",
        )
        .bind(page.0)
        .fetch_all(conn)
        .await?
    });
    let read = |(key, group, word): (i64, Option<i64>, Option<String>)| {
        let by_hand = by_hand(key, word.as_deref())?;
        Ok(Placed { key: ComponentKey(key), group: group.map(GroupKey), by_hand })
    };
    rows.into_iter().map(read).collect()
}

/// The components of a page that a search leaves, in any order.
pub async fn found(tx: &mut Tx, page: PageKey, search: &str) -> Result<HashSet<ComponentKey>> {
    let keys: Vec<i64> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "select c.id from components c left join component_groups g on g.id = c.group_id where ",
        );
        Search::of(search).push(&mut query, &SEARCHED);
        query.push(" and c.page_id = ").push_bind(page.0);
        query.build_query_scalar().fetch_all(conn).await?
    });
    Ok(keys.into_iter().map(ComponentKey).collect())
}

/// The states that each component of a page follows, each once.
pub async fn states(tx: &mut Tx, page: PageKey) -> Result<HashMap<ComponentKey, Vec<State>>> {
    let rows: Vec<(i64, String)> = sql!(tx, |conn| {
        sqlx::query_as(concat!(
            "select distinct cm.component_id, ",
            followed_state!(),
            " from components c join component_monitors cm on cm.component_id = c.id join monitors m on m.id = cm.monitor_id \
             join health h on h.monitor_id = m.id where c.page_id = $1",
        ))
        .bind(page.0)
        .fetch_all(conn)
        .await?
    });
    let mut states: HashMap<ComponentKey, Vec<State>> = HashMap::new();
    for (key, word) in rows {
        let corrupt = StoreError::Corrupt { table: "health", column: "state", id: key };
        states.entry(ComponentKey(key)).or_default().push(State::from_word(&word).ok_or(corrupt)?);
    }
    Ok(states)
}

/// The monitors that a component follows.
pub async fn followed(tx: &mut Tx, component: ComponentKey) -> Result<Vec<MonitorKey>> {
    let keys: Vec<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "select monitor_id from component_monitors where component_id = $1 order by monitor_id"
    )
    .bind(component.0)
    .fetch_all(conn)
    .await?);
    Ok(keys.into_iter().map(MonitorKey).collect())
}

/// A component as the list names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The public id.
    pub id: ComponentId,
    /// The name for people.
    pub name: String,
    /// The first monitors that it follows, by name.
    pub monitors: Vec<String>,
    /// How many it follows.
    pub followed: i64,
}

#[derive(FromRow)]
struct LineRow {
    id: i64,
    public_id: String,
    name: String,
}

/// What the list says of components, with the names of the first `few` monitors of each.
pub async fn lines(tx: &mut Tx, keys: &[ComponentKey], few: i64) -> Result<HashMap<ComponentKey, Line>> {
    let mut lines = HashMap::with_capacity(keys.len());
    let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
    for slice in slices(&keys) {
        let rows: Vec<LineRow> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new("select id, public_id, name from components where ");
            push_in(&mut query, "id", &slice);
            query.build_query_as().fetch_all(conn).await?
        });
        for row in rows {
            let corrupt = StoreError::Corrupt { table: "components", column: "public_id", id: row.id };
            let id = row.public_id.parse().map_err(|_| corrupt)?;
            let line = Line { id, name: row.name, monitors: Vec::new(), followed: 0 };
            lines.insert(ComponentKey(row.id), line);
        }
        let named: Vec<(i64, String, i64)> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "select n.component_id, n.name, n.count from (select cm.component_id, m.name, \
                 count(*) over (partition by cm.component_id) as count, \
                 row_number() over (partition by cm.component_id order by lower(m.name), m.public_id) as place \
                 from component_monitors cm join monitors m on m.id = cm.monitor_id where ",
            );
            push_in(&mut query, "cm.component_id", &slice);
            query.push(") n where n.place <= ").push_bind(few).push(" order by n.component_id, n.place");
            query.build_query_as().fetch_all(conn).await?
        });
        for (key, name, count) in named {
            if let Some(line) = lines.get_mut(&ComponentKey(key)) {
                line.monitors.push(name);
                line.followed = count;
            }
        }
    }
    Ok(lines)
}

fn by_hand(key: i64, word: Option<&str>) -> Result<Option<ComponentState>> {
    let corrupt = StoreError::Corrupt { table: "components", column: "by_hand", id: key };
    word.map(|word| ComponentState::from_word(word).ok_or(corrupt)).transpose()
}
