//! Asks before what was typed is lost: on the way to another page by link, by key or by the browser's own buttons, and,
//! in the browser's words, before the tab is closed.
//!
//! Nothing is remembered for it: a form is changed when a control holds something else than the page gave it.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::JsCast;

use crate::browser::{self, Way};

/// The id of the dialog.
const LEAVE: &str = "leave";

/// What keeps a guarded form on the page. Whoever has changed it and goes where it does not stand is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It stands on every view of its page.
    Path,
    /// It stands there as long as `edit` in the address is the same.
    Edit,
}

impl Guard {
    /// The word in the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Edit => "edit",
        }
    }
}

/// The ways out of a page. One a document, in the context.
#[derive(Clone, Copy)]
pub struct Leaving {
    /// The router's address, and how it goes elsewhere; `None` outside of the console, where nobody is asked.
    router: StoredValue<Option<(Signal<String>, Callback<String>)>>,
    wanted: StoredValue<Option<Way>>,
}

impl Leaving {
    /// Puts the ways into the context and listens to them. Before the router is made: of two that listen to steps through
    /// the history, the first is heard first, whatever else they ask for.
    pub fn provide() {
        let leaving = Self { router: StoredValue::new(None), wanted: StoredValue::new(None) };
        provide_context(leaving);
        if cfg!(feature = "hydrate") {
            leaving.watch();
        }
    }

    /// Goes to a page of the console, as a key does; asks first when something would be lost.
    pub fn go(self, path: &str) {
        let way = Way::Inside(path.to_owned());
        if !self.stops(&way) {
            self.follow(&way);
        }
    }

    /// Where the router is, whatever the browser's address says already.
    fn here(self) -> Option<String> {
        self.router.get_value().map(|(here, _)| here.get_untracked())
    }

    /// Whether a way would lose something; then it is asked about.
    fn stops(self, way: &Way) -> bool {
        let stops = self.here().is_some_and(|here| browser::loses_changes(&here, way.address()));
        if stops {
            self.wanted.set_value(Some(way.clone()));
            browser::open_dialog(LEAVE);
        }
        stops
    }

    fn follow(self, way: &Way) {
        match way {
            Way::Inside(path) => {
                if let Some((_, navigate)) = self.router.get_value() {
                    navigate.run(path.clone());
                }
            }
            Way::Outside(address) => browser::load(address),
        }
    }

    /// Follows the way that was asked about.
    fn leave(self) {
        browser::close_dialog(LEAVE);
        if let Some(way) = self.wanted.get_value() {
            browser::drop_changes();
            self.follow(&way);
        }
    }

    fn watch(self) {
        browser::on_every("click", move |event| {
            if browser::way_of(event.unchecked_ref()).is_some_and(|way| self.stops(&way)) {
                event.prevent_default();
                event.stop_immediate_propagation();
            }
        });
        browser::on_every("popstate", move |event| {
            if let Some(here) = self.here()
                && self.stops(&Way::Inside(browser::path_and_query()))
            {
                browser::hold_back(&event, &here);
            }
        });
        browser::on_every("beforeunload", move |event| {
            if browser::has_changes() {
                event.prevent_default();
            }
        });
    }
}

/// Holds the question. It stands in the console, for as long as there are forms to lose.
#[component]
pub fn LeaveGuard() -> impl IntoView {
    let leaving = expect_context::<Leaving>();
    let (location, navigate) = (use_location(), use_navigate());
    let here = Signal::derive(move || match location.search.get() {
        search if search.is_empty() => location.pathname.get(),
        search => format!("{}?{search}", location.pathname.get()),
    });
    let navigate = Callback::new(move |path: String| navigate(&path, NavigateOptions::default()));
    leaving.router.set_value(Some((here, navigate)));
    on_cleanup(move || {
        leaving.router.try_set_value(None);
    });
    view! {
        <dialog class="dialog" id=LEAVE aria-labelledby="leave-title">
            <h2 id="leave-title">"Leave without saving?"</h2>
            <p>"What you changed on this page is lost then."</p>
            <footer>
                <form method="dialog"><button class="button">"Stay"</button></form>
                <button class="button danger solid" type="button" on:click=move |_| leaving.leave()>"Leave"</button>
            </footer>
        </dialog>
    }
}
