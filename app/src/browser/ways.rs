//! Ways out of the page.

use leptos::prelude::window;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlAnchorElement, MouseEvent};

/// Where somebody wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// To a page of the console, by its router.
    Inside(String),
    /// Anywhere else, by the browser.
    Outside(String),
}

impl Way {
    /// The address.
    pub fn address(&self) -> &str {
        match self {
            Self::Inside(address) | Self::Outside(address) => address,
        }
    }
}

/// Calls `heard` for every such event of the window before the page itself hears of it, as long as the page lives.
pub fn on_every(event: &str, heard: impl Fn(Event) + 'static) {
    let heard = Closure::<dyn Fn(Event)>::new(heard).into_js_value();
    let _ = window().add_event_listener_with_callback_and_bool(event, heard.unchecked_ref(), true);
}

/// Where a click leads in this tab. A link that is a button leads nowhere, and a key held down opens another tab.
pub fn way_of(click: &MouseEvent) -> Option<Way> {
    let other =
        click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key() || click.button() != 0;
    if other || click.default_prevented() {
        return None;
    }
    let element: Element = click.target()?.dyn_into().ok()?;
    let link: HtmlAnchorElement = element.closest("a[href]").ok().flatten()?.dyn_into().ok()?;
    let elsewhere = !link.target().is_empty() || link.has_attribute("download");
    if elsewhere || link.get_attribute("role").as_deref() == Some("button") {
        return None;
    }
    let is_external =
        link.get_attribute("rel").is_some_and(|rel| rel.split(' ').any(|word| word == "external"));
    if is_external || link.origin() != super::origin() {
        return Some(Way::Outside(link.href()));
    }
    Some(Way::Inside(format!("{}{}{}", link.pathname(), link.search(), link.hash())))
}

/// Undoes a step through the history that the browser has made already: nobody else hears of it, and the address is `path` again.
pub fn hold_back(step: &Event, path: &str) {
    step.stop_immediate_propagation();
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(path));
    }
}
