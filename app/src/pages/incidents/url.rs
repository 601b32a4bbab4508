//! What the list is asked for, as it stands in the address.

use leptos_router::params::ParamsMap;

use crate::components::listing;
use crate::server_fns::incidents::Which;

/// The page of the list.
pub(super) const PATH: &str = "/console/incidents";

/// What the list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IncidentQuery {
    /// Which incidents.
    pub(super) which: Which,
    /// A part of the headline or of the monitor's name.
    pub(super) search: String,
    /// The page, from 1 on.
    pub(super) page: u32,
}

/// Reads the address. What it does not know it leaves out.
pub(super) fn read(params: &ParamsMap) -> IncidentQuery {
    let which = params.get("which");
    let which = which.and_then(|word| Which::ALL.into_iter().find(|which| which.as_str() == word));
    IncidentQuery {
        which: which.unwrap_or_default(),
        search: listing::search(params),
        page: listing::page(params),
    }
}

/// Writes the address. Defaults are left out.
pub(super) fn write(query: &IncidentQuery) -> String {
    let mut params = ParamsMap::new();
    if query.which != Which::default() {
        params.insert("which", query.which.as_str().to_owned());
    }
    if !query.search.is_empty() {
        params.insert("q", query.search.clone());
    }
    if query.page > 1 {
        params.insert("page", query.page.to_string());
    }
    format!("{PATH}{}", params.to_query_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_and_nonsense_is_left_out() {
        let mut params = ParamsMap::new();
        for (name, value) in [("q", " shop"), ("which", "resolved"), ("page", "2")] {
            params.insert(name, value.to_owned());
        }
        let query = read(&params);
        assert_eq!(query, IncidentQuery { which: Which::Resolved, search: "shop".to_owned(), page: 2 });
        assert_eq!(write(&query), "/console/incidents?which=resolved&q=shop&page=2");
        let mut params = ParamsMap::new();
        params.insert("which", "burning".to_owned());
        assert_eq!(write(&read(&params)), PATH);
    }
}
