//! The status page as a whole.

use domain::views::public::PageView;
use leptos::prelude::*;

use super::banner::banner;
use super::component::components;
use super::document::{Page, Shell, frame};
use super::incident::{open_incidents, story};
use super::log::past_days;
use super::part::{Part, slot};

pub use super::banner::{Summary, summary};

/// Every part of a page that frames may replace: the first is the page's main element with all that is in it, then what stands around
/// it, and last what stands only on the pages of single incidents.
pub fn parts(view: &PageView) -> Vec<Part> {
    Owner::new().with(|| {
        let mut inner = vec![banner(view), open_incidents(view), components(view)];
        let is_empty = view.sections.iter().all(|section| section.components.is_empty());
        // A page without components has no past worth telling, unless it once had some.
        if !is_empty || view.past.iter().any(|day| !day.incidents.is_empty()) {
            inner.push(past_days(view));
        }
        let slots = inner.iter().map(|_| slot()).collect_view();
        let about = view.head.description.clone().map(|text| view! { <p class="about">{text}</p> });
        let main = Part::around("page", view! { <main id="page">{about}{slots}</main> }, inner);
        let open = view.incidents.iter().chain(&view.overruled);
        let told = open.chain(view.past.iter().flat_map(|day| &day.incidents));
        std::iter::once(main)
            .chain(frame(Some(&view.head)))
            .chain(told.map(|incident| story(&view.head, incident, view.at)))
            .collect()
    })
}

/// The document of the status page around its main element, which [`parts`] drew.
pub fn status_page(view: &PageView, main: String, shell: &Shell<'_>) -> String {
    let summary = summary(view);
    let description = match (&view.head.description, summary.detail.as_str()) {
        (Some(text), "") => format!("{}. {text}", summary.sentence),
        (None, "") => summary.sentence.to_owned(),
        (_, detail) => format!("{}: {detail}", summary.sentence),
    };
    shell.document(&Page {
        head: Some(&view.head),
        title: format!("{} · {}", summary.sentence, view.head.name),
        description,
        icon: summary.icon,
        path: view.head.home(),
        is_there: true,
        target: "page",
        main,
    })
}
