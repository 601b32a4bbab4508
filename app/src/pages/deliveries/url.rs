//! What the log is asked for, as it stands in the address.

use domain::delivery::DeliveryState;
use domain::views::console::DeliveryQuery;
use leptos_router::params::ParamsMap;

use crate::components::listing;

/// The page of the log.
pub(super) const PATH: &str = "/console/deliveries";

/// Reads the address. What it does not know it leaves out.
pub(super) fn read(params: &ParamsMap) -> DeliveryQuery {
    DeliveryQuery {
        search: listing::search(params),
        state: params.get("state").and_then(|word| DeliveryState::from_word(&word)),
        integration: params.get("integration").and_then(|id| id.parse().ok()),
        incident: params.get("incident").and_then(|id| id.parse().ok()),
        monitor: params.get("monitor").and_then(|id| id.parse().ok()),
        page: listing::page(params),
    }
}

/// Writes the address. Defaults are left out.
pub(super) fn write(query: &DeliveryQuery) -> String {
    let mut params = ParamsMap::new();
    let mut put = |name: &'static str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            params.insert(name, value);
        }
    };
    put("q", Some(query.search.clone()));
    put("state", query.state.map(|state| state.as_str().to_owned()));
    put("integration", query.integration.as_ref().map(ToString::to_string));
    put("incident", query.incident.as_ref().map(ToString::to_string));
    put("monitor", query.monitor.as_ref().map(ToString::to_string));
    put("page", (query.page > 1).then(|| query.page.to_string()));
    format!("{PATH}{}", params.to_query_string())
}

/// Whether anything is left out by the search or a filter.
pub(super) fn is_filtered(query: &DeliveryQuery) -> bool {
    *query != DeliveryQuery { page: query.page, ..DeliveryQuery::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_and_nonsense_is_left_out() {
        let mut params = ParamsMap::new();
        for (name, value) in [("q", "shop"), ("state", "failed"), ("page", "2"), ("incident", "nonsense")] {
            params.insert(name, value.to_owned());
        }
        let query = read(&params);
        assert_eq!(query.state, Some(DeliveryState::Failed));
        assert!(query.incident.is_none() && is_filtered(&query));
        assert_eq!(write(&query), "/console/deliveries?q=shop&state=failed&page=2");
        assert_eq!(write(&DeliveryQuery::default()), PATH);
    }
}
