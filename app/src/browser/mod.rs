//! The few things that only a browser can do. Called from event handlers and effects, which never run on the server.

use domain::time::Timestamp;
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlDialogElement, HtmlElement};

mod early;
mod focus;
mod forms;
mod ways;

pub use early::Early;
pub use focus::{arrive, keep_focus};
pub use forms::{
    Held, drop_changes, fields_of, form_of, has_changes, held_in, hold, loses_changes, map_of, name_of,
    reset_form, settle_form,
};
pub use ways::{Way, hold_back, on_every, way_of};

/// How much of a time is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// `12:04`
    Minute,
    /// `12:04:10`
    Second,
    /// `21 Nov 2026`
    Day,
    /// `21 Nov, 12:04`
    #[default]
    Full,
}

/// The time of day by the visitor's clock.
#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
pub fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as i64)
}

/// How many minutes the visitor's clock is behind UTC; east of Greenwich less than none.
#[expect(clippy::cast_possible_truncation, reason = "whole minutes, less than a day")]
pub fn zone() -> i64 {
    js_sys::Date::new_0().get_timezone_offset() as i64
}

/// A time in the visitor's zone, in the page's language.
#[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^53")]
pub fn local(at: Timestamp, shape: Shape) -> String {
    let options = js_sys::Object::new();
    let set = |name: &str, value: &str| {
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    };
    set("hourCycle", "h23");
    if matches!(shape, Shape::Day | Shape::Full) {
        set("day", "numeric");
        set("month", "short");
    }
    if shape == Shape::Day {
        set("year", "numeric");
    } else {
        set("hour", "2-digit");
        set("minute", "2-digit");
    }
    if shape == Shape::Second {
        set("second", "2-digit");
    }
    let date = js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64));
    String::from(date.to_locale_string(&language(), &options))
}

/// The language of the page, for formats.
fn language() -> String {
    document()
        .document_element()
        .and_then(|root| root.get_attribute("lang"))
        .unwrap_or_else(|| "en".to_owned())
}

/// Whether nobody looks at the page at present.
pub fn is_hidden() -> bool {
    document().hidden()
}

/// Lets the space bar press a link that is a button, as it presses every other button.
pub fn press_link(event: &web_sys::Event) {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    if let Some(link) = target.filter(|target| target.matches("a[role='button']").unwrap_or(false)) {
        event.prevent_default();
        link.click();
    }
}

/// Whether an element has the focus.
pub fn has_focus(element: &web_sys::Element) -> bool {
    document().active_element().as_ref() == Some(element)
}

/// Moves the focus to the first element that matches; says whether there was one.
pub fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) else { return false };
    element.focus().is_ok()
}

/// Moves the focus `step` places on among the elements that match, from the one that has it.
pub fn focus_next(selector: &str, step: i32) {
    let Ok(list) = document().query_selector_all(selector) else { return };
    let active = document().active_element();
    let length = i32::try_from(list.length()).unwrap_or(i32::MAX);
    let at = (0..length).find(|i| list.item(i.unsigned_abs()).as_ref() == active.as_deref());
    let to = match at {
        Some(at) => (at + step).clamp(0, length - 1),
        None => 0,
    };
    if let Some(element) = list.item(to.unsigned_abs()).and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Opens the dialog of that id. The browser gives the focus back when it closes.
pub fn open_dialog(id: &str) {
    if let Some(dialog) = dialog(id)
        && !dialog.open()
    {
        let _ = dialog.show_modal();
    }
}

/// Whether a dialog is open.
pub fn is_asking() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}

/// Closes the menu that is open, if one is, and gives the focus back to its button.
pub fn close_menu() {
    let Ok(Some(menu)) = document().query_selector("details.menu[open]") else { return };
    let _ = menu.remove_attribute("open");
    let button = menu.query_selector("summary").ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        let _ = button.focus();
    }
}

/// Closes the menu that is open, unless the event happened in it. The focus stays where the event put it.
pub fn close_menu_beside(event: &web_sys::Event) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    if target.is_some_and(|target| target.closest("details.menu").ok().flatten().is_some()) {
        return;
    }
    if let Ok(Some(menu)) = document().query_selector("details.menu[open]") {
        let _ = menu.remove_attribute("open");
    }
}

/// Closes the dialog of that id.
pub fn close_dialog(id: &str) {
    if let Some(dialog) = dialog(id) {
        dialog.close();
    }
}

fn dialog(id: &str) -> Option<HtmlDialogElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Whether somebody is writing at present, so that letters are not commands.
pub fn is_typing() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.has_attribute("contenteditable")
    })
}

/// Puts a text on the clipboard, where the browser lets us.
pub fn copy(text: &str) {
    let clipboard = window().navigator().clipboard();
    // Undefined on plain http; the text can be selected then.
    if !clipboard.is_undefined() {
        let _ = clipboard.write_text(text);
    }
}

/// Writes a text where the caret is in the control of that id, as if it were typed: it can be taken back, and whoever listens hears of
/// it.
pub fn insert_text(id: &str, text: &str) {
    let Some(control) =
        document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    let _ = control.focus();
    // Nothing else keeps what Ctrl+Z takes back; every browser still has it, and for nothing else.
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.exec_command_with_show_ui_and_value("insertText", false, text);
    }
}

/// Scheme, host and port of the page.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Path and query of the page.
pub fn path_and_query() -> String {
    let location = window().location();
    format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default())
}

/// Loads another page.
pub fn load(address: &str) {
    let _ = window().location().assign(address);
}

/// Loads the page again from the server.
pub fn reload() {
    let _ = window().location().reload();
}

/// Sets the theme and keeps it for a year.
pub fn set_theme(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
    keep("theme", theme);
}

/// Keeps a word in the browser for a year.
pub fn keep(name: &str, word: &str) {
    let secure = if window().location().protocol().is_ok_and(|protocol| protocol == "https:") {
        ";secure"
    } else {
        ""
    };
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&format!("{name}={word};path=/;max-age=31536000;samesite=lax{secure}"));
    }
}

/// A word that the browser keeps.
pub fn kept(name: &str) -> Option<String> {
    let cookies = document().dyn_into::<web_sys::HtmlDocument>().ok()?.cookie().ok()?;
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, word)| word.to_owned())
}

/// Shows a state by the icon of the tab.
pub fn set_icon(path: &str) {
    if let Ok(Some(link)) = document().query_selector("link[rel='icon']")
        && link.get_attribute("href").as_deref() != Some(path)
    {
        let _ = link.set_attribute("href", path);
    }
}
