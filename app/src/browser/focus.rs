//! Where the focus is led, for those who see the page through it: to a page that was gone to, and on from what left the page.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::{document, request_animation_frame, window};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{
    Element, Event, FocusOptions, HtmlElement, MutationObserver, MutationObserverInit, MutationRecord, Node,
};

use super::forms::all;
use super::on_every;

/// The page inside of its frame.
const MAIN: &str = "#main";
/// What may take the focus over from something inside of it that is gone.
const PLACES: &str = "section, form, [role='group'], main";

/// The element of the page that has the focus, and the path of the page it belongs to.
type Last = Rc<RefCell<Option<(HtmlElement, String)>>>;

/// Moves the focus to the page that was gone to: who does not see it would not notice. A field that asks for the focus gets it.
pub fn arrive() {
    // After the page has been drawn.
    request_animation_frame(|| {
        let wants = document().query_selector(&format!("{MAIN} [autofocus]")).ok().flatten();
        let wants = wants.or_else(|| document().query_selector(MAIN).ok().flatten());
        if let Some(element) = wants.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            focus_in_place(&element);
        }
    });
}

/// Keeps the focus in the page, as long as it lives: when the element that has it leaves, as a button does that is not needed any more,
/// the one that took its place gets it, or what is around.
pub fn keep_focus() {
    let Some(main) = document().query_selector(MAIN).ok().flatten() else { return };
    let last = Last::default();
    let focused = Rc::clone(&last);
    on_every("focusin", move |event| {
        let element = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
        let inside = element.filter(|element| element.closest(MAIN).ok().flatten().is_some());
        *focused.borrow_mut() = inside.map(|element| (element, path()));
    });
    // Whoever clicks beside everything wants the focus nowhere.
    let left = Rc::clone(&last);
    on_every("pointerdown", move |_: Event| *left.borrow_mut() = None);
    let changed = Closure::<dyn Fn(js_sys::Array)>::new(move |records: js_sys::Array| {
        let Some((element, path)) = last.borrow().clone() else { return };
        let removed =
            records.iter().filter_map(|record| record.dyn_into::<MutationRecord>().ok()).find(|record| {
                let nodes = record.removed_nodes();
                (0..nodes.length()).any(|at| nodes.item(at).is_some_and(|node| node.contains(Some(&element))))
            });
        let Some(around) = removed.and_then(|record| record.target()) else { return };
        // What comes in its place may come a moment later.
        request_animation_frame(move || lead_on(&element, &path, &around));
    });
    let Ok(observer) = MutationObserver::new(changed.into_js_value().unchecked_ref()) else { return };
    let wanted = MutationObserverInit::new();
    wanted.set_child_list(true);
    wanted.set_subtree(true);
    let _ = observer.observe_with_options(&main, &wanted);
}

/// Leads the focus on from an element that left, unless it is somewhere else by now.
fn lead_on(element: &HtmlElement, was_on: &str, around: &Node) {
    let is_nowhere = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
    if !is_nowhere || path() != was_on {
        return;
    }
    if element.is_connected() {
        return focus_in_place(element);
    }
    let sign = sign(element);
    let alike = all(document().query_selector_all(&format!("{MAIN} {}", element.tag_name())))
        .filter_map(|other| other.dyn_into::<HtmlElement>().ok())
        .find(|other| self::sign(other) == sign);
    if let Some(alike) = alike {
        // A button that has nothing more to do, as at the end of a list, hands the focus to the other one.
        let form = alike.closest("form").ok().flatten().filter(|_| alike.has_attribute("disabled"));
        let other = form.and_then(|form| form.query_selector("button:not(:disabled)").ok().flatten());
        let other = other.and_then(|other| other.dyn_into::<HtmlElement>().ok());
        return focus_in_place(&other.unwrap_or(alike));
    }
    let around = around.clone().dyn_into::<Element>().ok().filter(|around| around.is_connected());
    let place = around.and_then(|around| around.closest(PLACES).ok().flatten());
    let place = place.or_else(|| document().query_selector(MAIN).ok().flatten());
    if let Some(place) = place.and_then(|place| place.dyn_into::<HtmlElement>().ok()) {
        if !place.has_attribute("tabindex") {
            place.set_tab_index(-1);
        }
        focus_in_place(&place);
    }
}

/// What tells a control from others: one that is drawn again has the same.
fn sign(element: &HtmlElement) -> (String, [Option<String>; 4], [Option<String>; 2]) {
    let form = element.closest("form").ok().flatten().map(|form| form.id());
    let told = ["href", "name", "value", "aria-label"].map(|name| element.get_attribute(name));
    // A link is told by where it leads and a field by its name; the words of either may change.
    let words = if told.iter().all(Option::is_none) { element.text_content() } else { None };
    (element.id(), told, [form, words])
}

fn focus_in_place(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = element.focus_with_options(&options);
}

fn path() -> String {
    window().location().pathname().unwrap_or_default()
}
