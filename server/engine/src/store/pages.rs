//! Status pages.

use domain::id::{PageId, PageKey};
use domain::time::Timestamp;
use domain::views::public::PageHead;
use sqlx::FromRow;

use super::{Result, StoreError, Tx, holds_nul, sql};

/// A page as it is kept, without the bytes of its logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The database key.
    pub key: PageKey,
    /// The public id.
    pub id: PageId,
    /// What the head of its pages needs.
    pub head: PageHead,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    slug: String,
    name: String,
    description: String,
    time_zone: String,
    is_default: bool,
    logo_version: Option<i64>,
    created_at: i64,
}

impl TryFrom<Row> for Page {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let id: PageId = row.public_id.parse().map_err(|_| StoreError::Corrupt {
            table: "pages",
            column: "public_id",
            id: row.id,
        })?;
        let head = PageHead {
            slug: row.slug,
            name: row.name,
            description: Some(row.description).filter(|text| !text.is_empty()),
            logo: row.logo_version,
            time_zone: row.time_zone,
            is_default: row.is_default,
        };
        Ok(Self { key: PageKey(row.id), id, head, created_at: Timestamp(row.created_at) })
    }
}

macro_rules! select_pages {
    ($rest:literal) => {
        concat!(
            "select id, public_id, slug, name, description, time_zone, is_default, logo_version, created_at from pages ",
            $rest
        )
    };
}

/// The page of a name in URLs.
pub async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Page>> {
    if holds_nul(slug) {
        return Ok(None);
    }
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select_pages!("where slug = $1"))
        .bind(slug)
        .fetch_optional(conn)
        .await?);
    row.map(TryInto::try_into).transpose()
}

/// The page at `/`.
pub async fn default(tx: &mut Tx) -> Result<Option<Page>> {
    let row: Option<Row> =
        sql!(tx, |conn| sqlx::query_as(select_pages!("where is_default = $1 order by id limit 1"))
            .bind(true)
            .fetch_optional(conn)
            .await?);
    row.map(TryInto::try_into).transpose()
}

/// Every page, in the order in which they were made.
pub async fn all(tx: &mut Tx) -> Result<Vec<Page>> {
    let rows: Vec<Row> =
        sql!(tx, |conn| sqlx::query_as(select_pages!("order by id")).fetch_all(conn).await?);
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Adds a page; `None` when its slug is taken.
pub async fn insert(tx: &mut Tx, id: &PageId, head: &PageHead, at: Timestamp) -> Result<Option<PageKey>> {
    let key: Option<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "insert into pages (public_id, slug, name, description, time_zone, is_default, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (slug) do nothing returning id"
    )
    .bind(id.as_str())
    .bind(&head.slug)
    .bind(&head.name)
    .bind(head.description.as_deref().unwrap_or_default())
    .bind(&head.time_zone)
    .bind(head.is_default)
    .bind(at.0)
    .fetch_optional(conn)
    .await?
    });
    Ok(key.map(PageKey))
}

/// Changes what a page is called and where it counts days.
pub async fn update(
    tx: &mut Tx,
    key: PageKey,
    name: &str,
    description: &str,
    time_zone: &str,
    at: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update pages set name = $1, description = $2, time_zone = $3, updated_at = $4 where id = $5"
    )
    .bind(name)
    .bind(description)
    .bind(time_zone)
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// A logo.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Logo {
    /// Its media type.
    #[sqlx(rename = "logo_type")]
    pub media_type: String,
    /// The image.
    #[sqlx(rename = "logo")]
    pub bytes: Vec<u8>,
    /// Grows when the logo changes.
    #[sqlx(rename = "logo_version")]
    pub version: i64,
}

/// Sets or removes the logo of a page. The version becomes the time, so that it never comes back.
pub async fn set_logo(tx: &mut Tx, key: PageKey, logo: Option<(&str, &[u8])>, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update pages set logo_type = $1, logo = $2, logo_version = $3, updated_at = $4 where id = $5"
    )
    .bind(logo.map(|(media_type, _)| media_type))
    .bind(logo.map(|(_, bytes)| bytes))
    .bind(logo.map(|_| at.0))
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// The logo of a page.
pub async fn logo(tx: &mut Tx, slug: &str) -> Result<Option<Logo>> {
    if holds_nul(slug) {
        return Ok(None);
    }
    Ok(sql!(tx, |conn| sqlx::query_as(
        "select logo_type, logo, logo_version from pages where slug = $1 and logo is not null \
         and logo_type is not null and logo_version is not null"
    )
    .bind(slug)
    .fetch_optional(conn)
    .await?))
}
