//! Lists that are searched by one text and shown page by page.

use serde::{Deserialize, Serialize};

/// What such a list is asked for. All of it stands in the page's URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// A part of what it is searched by, upper and lower case alike.
    pub search: String,
    /// The page, from 1 on. One behind the last page means the last one.
    pub page: u32,
}

/// A page of such a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// What it was searched by.
    pub search: String,
    /// How many the search leaves.
    pub found: i64,
    /// How many there are.
    pub total: i64,
    /// The page that is shown, from 1 on.
    pub page: u32,
    /// Rows a page.
    pub per_page: u32,
}
