//! What a list is asked for, as it stands in the address: every list can be bookmarked and sent.

use domain::health::State;
use domain::views::console::{MonitorQuery, MonitorSort};
use leptos_router::params::ParamsMap;

use crate::components::listing;

/// The page of the list.
pub(super) const PATH: &str = "/console/monitors";

/// Reads the address. What it does not know it leaves out.
pub(super) fn read(params: &ParamsMap) -> MonitorQuery {
    MonitorQuery {
        search: listing::search(params),
        state: params.get("state").and_then(|word| State::from_word(&word)),
        kind: params.get("kind").and_then(|word| word.parse().ok()),
        sort: params.get("sort").map(|word| sort(&word)).unwrap_or_default(),
        page: listing::page(params),
        per_page: 0,
    }
}

/// Writes the address. Defaults are left out.
pub(super) fn write(query: &MonitorQuery) -> String {
    let mut params = ParamsMap::new();
    if !query.search.is_empty() {
        params.insert("q", query.search.clone());
    }
    if let Some(state) = query.state {
        params.insert("state", state.as_str().to_owned());
    }
    if let Some(kind) = query.kind {
        params.insert("kind", kind.to_string());
    }
    if query.sort != MonitorSort::default() {
        params.insert("sort", sort_word(query.sort).to_owned());
    }
    if query.page > 1 {
        params.insert("page", query.page.to_string());
    }
    format!("{PATH}{}", params.to_query_string())
}

/// The word of an order.
pub(super) fn sort_word(sort: MonitorSort) -> &'static str {
    match sort {
        MonitorSort::Urgency => "urgency",
        MonitorSort::Name => "name",
        MonitorSort::Newest => "newest",
    }
}

fn sort(word: &str) -> MonitorSort {
    let all = [MonitorSort::Urgency, MonitorSort::Name, MonitorSort::Newest];
    all.into_iter().find(|sort| sort_word(*sort) == word).unwrap_or_default()
}

/// Whether anything is left out by the search or a filter.
pub(super) fn is_filtered(query: &MonitorQuery) -> bool {
    !query.search.is_empty() || query.state.is_some() || query.kind.is_some()
}

#[cfg(test)]
mod tests {
    use domain::check::CheckKind;

    use super::*;

    #[test]
    fn an_address_reads_back() {
        let query = MonitorQuery {
            search: "shop & co".to_owned(),
            state: Some(State::Down),
            kind: Some(CheckKind::Tls),
            sort: MonitorSort::Name,
            page: 3,
            per_page: 0,
        };
        let mut params = ParamsMap::new();
        for (name, value) in
            [("q", "shop & co"), ("state", "down"), ("kind", "tls"), ("sort", "name"), ("page", "3")]
        {
            params.insert(name, value.to_owned());
        }
        assert_eq!(read(&params), query);
        assert!(write(&query).ends_with("&state=down&kind=tls&sort=name&page=3"), "{}", write(&query));
        assert_eq!(write(&MonitorQuery::default()), PATH);
    }

    #[test]
    fn nonsense_in_an_address_is_left_out() {
        let mut params = ParamsMap::new();
        for (name, value) in [("state", "burning"), ("kind", "gopher"), ("sort", "size"), ("page", "-1")] {
            params.insert(name, value.to_owned());
        }
        assert_eq!(read(&params), MonitorQuery { page: 1, ..MonitorQuery::default() });
    }
}
