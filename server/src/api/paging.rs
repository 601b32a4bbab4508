//! Lists, page by page (contracts.md 2.2).

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Entries on a page when nobody says otherwise.
const PER_PAGE: u32 = 25;
/// The most entries on a page.
const MAX_PER_PAGE: u32 = 100;
/// The last page that can be asked for: beyond it, no list has anything.
const MAX_PAGE: u32 = 1_000_000;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The page, from 1 on.
    #[param(default = 1)]
    pub(super) page: Option<i64>,
    /// Entries on a page, at most 100.
    #[param(default = 25)]
    pub(super) per_page: Option<i64>,
}

impl Paging {
    /// The page, from 1 on.
    pub(super) fn page(self) -> u32 {
        u32::try_from(self.page.unwrap_or(1).clamp(1, i64::from(MAX_PAGE))).unwrap_or(1)
    }

    /// Entries on a page.
    pub(super) fn per_page(self) -> u32 {
        let wanted = self.per_page.filter(|wanted| *wanted > 0).unwrap_or(i64::from(PER_PAGE));
        u32::try_from(wanted).unwrap_or(MAX_PER_PAGE).min(MAX_PER_PAGE)
    }
}

/// Where a page stands in its list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Meta {
    /// The page, from 1 on.
    current_page: u32,
    /// Entries on a page.
    per_page: u32,
    /// Pages.
    total_pages: i64,
    /// Entries in all.
    total_count: i64,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<&'static str>,
}

impl Meta {
    /// The page of a list of `found` entries.
    pub(super) fn new(paging: Paging, found: i64) -> Self {
        let per_page = paging.per_page();
        Self {
            current_page: paging.page(),
            per_page,
            total_pages: (found + i64::from(per_page) - 1) / i64::from(per_page),
            total_count: found,
            sort: None,
        }
    }

    /// The same with the order that was asked for.
    pub(super) fn sorted(self, sort: &'static str) -> Self {
        Self { sort: Some(sort), ..self }
    }
}

/// A bare array with its numbers in headers; all of it unless a page is asked for.
pub(super) fn bare<T: Serialize>(mut all: Vec<T>, paging: Paging) -> Response {
    let total = all.len();
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: u64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    put("x-total-count", u64::try_from(total).unwrap_or(u64::MAX));
    if paging.page.is_some() || paging.per_page.is_some() {
        let (page, per_page) = (paging.page(), paging.per_page());
        put("x-page", page.into());
        put("x-per-page", per_page.into());
        let skipped = usize::try_from(u64::from(page - 1) * u64::from(per_page)).unwrap_or(usize::MAX);
        all = all.into_iter().skip(skipped).take(usize::try_from(per_page).unwrap_or(usize::MAX)).collect();
    }
    (headers, Json(all)).into_response()
}

/// A point in time as the API writes it: to the second, in UTC.
pub(super) fn time(at: domain::time::Timestamp) -> String {
    let text = at.to_rfc3339();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}
