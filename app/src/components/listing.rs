//! Lists that are shown page by page: what they are asked for as it stands in the address, their search, the way to the neighbouring
//! pages, and what is said when nothing was found.

use domain::views::console::ListQuery;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use leptos_router::params::ParamsMap;

use super::figures;
use super::icon::Icon;
use super::search::SearchBox;

/// What a list is asked for that is searched by a text and nothing else: every list can be bookmarked and sent.
pub fn asked() -> Memo<ListQuery> {
    let params = use_query_map();
    Memo::new(move |_| read(&params.read()))
}

fn read(params: &ParamsMap) -> ListQuery {
    ListQuery { search: search(params), page: page(params) }
}

/// What an address searches for.
pub fn search(params: &ParamsMap) -> String {
    params.get("q").unwrap_or_default().trim().to_owned()
}

/// The page that an address names, from 1 on.
pub fn page(params: &ParamsMap) -> u32 {
    params.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1)
}

/// The address of a page of a list. Defaults are left out.
pub fn address(path: &str, search: &str, page: u32) -> String {
    let mut params = ParamsMap::new();
    if !search.is_empty() {
        params.insert("q", search.to_owned());
    }
    if page > 1 {
        params.insert("page", page.to_string());
    }
    format!("{path}{}", params.to_query_string())
}

/// The search of such a list. A plain form: without scripts it is sent by its button, with them as one types.
#[component]
pub fn ListSearch(
    /// The page of the list.
    path: &'static str,
    /// What it is asked for.
    query: Memo<ListQuery>,
    /// What can be found.
    placeholder: &'static str,
) -> impl IntoView {
    let navigate = use_navigate();
    let search = move |text: String| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&address(path, text.trim(), 1), options);
    };
    view! {
        <form class="toolbar" role="search" method="get" action=path on:submit=move |event| event.prevent_default()>
            <SearchBox text=Signal::derive(move || query.with(|query| query.search.clone())) placeholder search/>
            <noscript><button class="button">"Search"</button></noscript>
        </form>
    }
}

/// The way to the neighbouring pages.
#[component]
pub fn Pager<F>(
    /// The page that is shown, from 1 on.
    page: u32,
    /// Rows a page.
    per_page: u32,
    /// How many rows there are on all pages.
    found: i64,
    /// Whether there are more than were counted.
    #[prop(optional)]
    more: bool,
    /// What one row is.
    thing: &'static str,
    /// Where the way back leads, and the way on.
    #[prop(default = ["Previous", "Next"])]
    words: [&'static str; 2],
    /// The address of a page.
    to: F,
) -> impl IntoView
where
    F: Fn(u32) -> String,
{
    let (page, per_page) = (i64::from(page.max(1)), i64::from(per_page.max(1)));
    if found <= per_page && !more {
        return view! { <p class="pagination"><span>{figures::count(found, thing)}</span></p> }.into_any();
    }
    let link = |other: i64, words: &'static str, rel: &'static str| {
        if other < 1 || (!more && (other - 1) * per_page >= found) {
            return view! { <a class="button small" role="link" aria-disabled="true">{words}</a> }.into_any();
        }
        let href = to(u32::try_from(other).unwrap_or(1));
        view! { <a class="button small" rel=rel href=href>{words}</a> }.into_any()
    };
    let last = if more { page * per_page } else { (page * per_page).min(found) };
    let first = ((page - 1) * per_page + 1).min(last);
    let text = format!(
        "{}–{} of {}{}",
        figures::thousands(first),
        figures::thousands(last),
        figures::thousands(found),
        if more { "+" } else { "" }
    );
    let [back, on] = words;
    view! {
        <nav class="pagination" aria-label="Pages">
            <span>{text}</span>{link(page - 1, back, "prev")}{link(page + 1, on, "next")}
        </nav>
    }
    .into_any()
}

/// The search or a filter leaves nothing.
#[component]
pub fn NoMatch(
    /// What was looked for.
    thing: &'static str,
    /// What it was searched by; empty when a filter alone is in the way.
    search: String,
    /// What is hidden, in a sentence.
    #[prop(into)]
    hidden: String,
    /// The address of the list with everything.
    #[prop(into)]
    all: String,
    /// Where else it may be found.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let title = if search.is_empty() {
        format!("No {thing} matches the filter")
    } else {
        format!("No {thing} matches “{search}”")
    };
    view! {
        <section class="empty">
            <Icon name="search"/><h2>{title}</h2><p>{hidden}</p>
            <div class="button-row">{children.map(|children| children())}<a class="button" href=all>"Show all"</a></div>
        </section>
    }
}

/// How many are hidden, in a sentence.
pub fn hidden(total: i64, thing: &str) -> String {
    let verb = if total == 1 { "is" } else { "are" };
    format!("{} {verb} hidden.", figures::count(total, thing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_and_nonsense_is_left_out() {
        let mut params = ParamsMap::new();
        for (name, value) in [("q", " shop & co "), ("page", "3")] {
            params.insert(name, value.to_owned());
        }
        let query = read(&params);
        assert_eq!(query, ListQuery { search: "shop & co".to_owned(), page: 3 });
        let written = address("/console/alerts", &query.search, query.page);
        assert!(written.starts_with("/console/alerts?q=shop") && written.ends_with("&page=3"), "{written}");
        assert_eq!(address("/console/alerts", "", 1), "/console/alerts");
        let mut params = ParamsMap::new();
        params.insert("page", "-1".to_owned());
        assert_eq!(read(&params), ListQuery { search: String::new(), page: 1 });
    }

    #[test]
    fn what_is_hidden_is_counted() {
        assert_eq!(hidden(1, "token"), "1 token is hidden.");
        assert_eq!(hidden(1_200, "monitor"), "1,200 monitors are hidden.");
    }
}
