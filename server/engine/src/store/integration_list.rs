//! Integrations page by page.

use domain::integration::ProviderKind;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::integrations::{Integration, Row, look_up_addresses, read, select};
use super::views::search::Search;
use super::{Result, Tx, sql};

/// Adds the condition of a search: the name has the text in it, or the label of the kind does.
fn push_fitting<DB>(query: &mut QueryBuilder<DB>, search: &str)
where
    DB: Database,
    String: for<'t> Encode<'t, DB> + Type<DB>,
{
    let text = search.trim().to_lowercase();
    query.push("and (");
    Search::of(search).push(query, &["name"]);
    for kind in ProviderKind::ALL.iter().filter(|kind| kind.label().to_lowercase().contains(&text)) {
        query.push(" or kind = ").push_bind(kind.as_str().to_owned());
    }
    query.push(")");
}

/// The integrations on one page of the list, by name. `search` is a part of the name, or of what the provider is called.
pub async fn page(tx: &mut Tx, search: &str, limit: i64, offset: i64) -> Result<Vec<Integration>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new(select!(""));
        push_fitting(&mut query, search);
        query.push(" order by lower(name), id limit ").push_bind(limit).push(" offset ").push_bind(offset);
        query.build_query_as().fetch_all(conn).await?
    });
    let mut page: Vec<_> = rows.into_iter().filter_map(|row| read(row, &tx.sealer)).collect();
    look_up_addresses(tx, &mut page).await?;
    Ok(page)
}

/// How many integrations a search leaves.
pub async fn found(tx: &mut Tx, search: &str) -> Result<i64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select count(*) from integrations where deleted_at is null ");
        push_fitting(&mut query, search);
        query.build_query_scalar().fetch_one(conn).await?
    }))
}
