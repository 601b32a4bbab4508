//! Forms in the page: what they hold, and whether that is what they were given.

use domain::form::Form;
use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, FormData, HtmlButtonElement, HtmlFormElement, HtmlInputElement, HtmlOptionElement,
    HtmlSelectElement, HtmlTextAreaElement, NodeList, SubmitEvent, Url,
};

use crate::components::leave::Guard;

/// Forms that are asked for before they are left, see [`crate::components::leave::Guard`].
const GUARDED: &str = "form[data-guard]";
/// Where a person says something. What is hidden nobody typed, and a search is no change.
const CONTROLS: &str = "input:not([type='hidden'], [type='search']), textarea, select";

/// The name of the field that an event happened in.
pub fn name_of(event: &web_sys::Event) -> Option<String> {
    event.target()?.dyn_into::<web_sys::Element>().ok()?.get_attribute("name")
}

/// The form around the element that an event came from.
pub fn form_of(event: &web_sys::Event) -> Option<HtmlFormElement> {
    let element: Element = event.target()?.dyn_into().ok()?;
    element.closest("form").ok().flatten()?.dyn_into().ok()
}

/// What a form sends, with the button that sent it.
pub fn fields_of(event: &SubmitEvent) -> Option<FormData> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    let fields = FormData::new_with_form(&form).ok()?;
    let button = event.submitter().and_then(|element| element.dyn_into::<HtmlButtonElement>().ok());
    if let Some(button) = button.filter(|button| !button.name().is_empty()) {
        fields.append_with_str(&button.name(), &button.value()).ok()?;
    }
    Some(fields)
}

/// Puts a form back to what it held at first.
pub fn reset_form(id: &str) {
    if let Some(form) = form(id) {
        form.reset();
    }
}

/// Takes what a form holds for what it was given: it has been saved.
pub fn settle_form(id: &str) {
    let Some(form) = form(id) else { return };
    for control in all(form.query_selector_all(CONTROLS)) {
        if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
            match input.type_().as_str() {
                "checkbox" | "radio" => input.set_default_checked(input.checked()),
                "file" => {}
                _ => input.set_default_value(&input.value()),
            }
        } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
            let _ = area.set_default_value(&area.value());
        } else {
            for option in options(&control) {
                option.set_default_selected(option.selected());
            }
        }
    }
}

/// What a control of a form holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The name that it is sent by.
    pub name: String,
    /// What it stands for, of a box to tick or a radio button: several may have one name. `None` of what one types or chooses.
    choice: Option<String>,
    /// The value; of a box or a radio button `true` or `false`.
    pub value: String,
    /// Whether that is something else than the page gave it.
    pub is_changed: bool,
}

impl Held {
    /// Whether both are of the same control.
    pub fn is_of_same(&self, other: &Self) -> bool {
        self.is_of(&other.name, other.choice.as_deref())
    }

    fn is_of(&self, name: &str, choice: Option<&str>) -> bool {
        self.name == name && self.choice.as_deref() == choice
    }

    /// How a box is to be set; `None` for one to leave alone. Of radio buttons one is always set: to set another takes it back, and the one
    /// that was set may not be on offer any more.
    fn ticks(&self, is_radio: bool) -> Option<bool> {
        let is_ticked = self.value == "true";
        (is_ticked || !is_radio).then_some(is_ticked)
    }
}

/// What the controls of a form hold that a person says something with. There may be secrets among it.
pub fn held_in(id: &str) -> Vec<Held> {
    let Some(form) = form(id) else { return Vec::new() };
    let held = all(form.query_selector_all(CONTROLS)).filter_map(|control| {
        let name = control.get_attribute("name").filter(|name| !name.is_empty())?;
        let choice = choice_of(&control);
        let value = if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
            if is_box(input) { input.checked().to_string() } else { input.value() }
        } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
            area.value()
        } else {
            control.dyn_ref::<HtmlSelectElement>()?.value()
        };
        Some(Held { name, choice, value, is_changed: differs(&control) })
    });
    held.collect()
}

/// Puts values into the controls of a form that they are of. What is folded away then shows.
pub fn hold(id: &str, held: &[Held]) {
    let Some(form) = form(id) else { return };
    for control in all(form.query_selector_all(CONTROLS)) {
        let name = control.get_attribute("name").unwrap_or_default();
        let choice = choice_of(&control);
        let Some(held) = held.iter().find(|held| held.is_of(&name, choice.as_deref())) else { continue };
        if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
            if !is_box(input) {
                input.set_value(&held.value);
            } else if let Some(is_ticked) = held.ticks(input.type_() == "radio") {
                input.set_checked(is_ticked);
            }
        } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
            area.set_value(&held.value);
        } else if let Some(select) = control.dyn_ref::<HtmlSelectElement>() {
            let before = select.selected_index();
            select.set_value(&held.value);
            // It may not be on offer any more.
            if select.selected_index() < 0 {
                select.set_selected_index(before);
            }
        }
        if let Some(fold) = control.closest("details").ok().flatten().filter(|_| differs(&control)) {
            let _ = fold.set_attribute("open", "");
        }
    }
}

/// What a box or a radio button stands for.
fn choice_of(control: &Element) -> Option<String> {
    control.dyn_ref::<HtmlInputElement>().filter(|input| is_box(input)).map(HtmlInputElement::value)
}

fn is_box(input: &HtmlInputElement) -> bool {
    matches!(input.type_().as_str(), "checkbox" | "radio")
}

/// What the controls of a form hold that are sent as parts of one map: by the key in the map, as the server would read it.
pub fn map_of(id: &str, map: &str) -> Form {
    let mut held = Form::new();
    let Some(form) = form(id) else { return held };
    for control in all(form.query_selector_all("input, textarea, select")) {
        let name = control.get_attribute("name").unwrap_or_default();
        let key = name.strip_prefix(map).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
        let value = if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
            (!is_box(input) || input.checked()).then(|| input.value())
        } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
            Some(area.value())
        } else {
            control.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value)
        };
        if let (Some(key), Some(value)) = (key, value) {
            held.insert(key.to_owned(), value);
        }
    }
    held
}

/// Whether a guarded form holds something that is not saved.
pub fn has_changes() -> bool {
    all(document().query_selector_all(GUARDED)).any(|form| is_changed(&form))
}

/// Puts guarded forms back to what they were given: nobody wants what was typed.
pub fn drop_changes() {
    for form in all(document().query_selector_all(GUARDED)) {
        if let Some(form) = form.dyn_ref::<HtmlFormElement>() {
            form.reset();
        }
    }
}

/// Whether something would be lost on the way from one address of ours to another: a changed form that does not stand there.
pub fn loses_changes(here: &str, there: &str) -> bool {
    let base = super::origin();
    let (Ok(here), Ok(there)) = (Url::new_with_base(here, &base), Url::new_with_base(there, &base)) else {
        return false;
    };
    let is_other_page = here.origin() != there.origin() || here.pathname() != there.pathname();
    let is_other_edit = here.search_params().get("edit") != there.search_params().get("edit");
    let goes = |form: &Element| {
        let guard = form.get_attribute("data-guard");
        is_other_page || (is_other_edit && guard.as_deref() == Some(Guard::Edit.as_str()))
    };
    all(document().query_selector_all(GUARDED)).any(|form| goes(&form) && is_changed(&form))
}

fn is_changed(form: &Element) -> bool {
    all(form.query_selector_all(CONTROLS)).any(|control| differs(&control))
}

/// Whether a control holds something else than it was given.
pub(super) fn differs(control: &Element) -> bool {
    if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
        match input.type_().as_str() {
            "checkbox" | "radio" => input.checked() != input.default_checked(),
            _ => input.value() != input.default_value(),
        }
    } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
        area.default_value().is_ok_and(|given| given != area.value())
    } else if let Some(select) = control.dyn_ref::<HtmlSelectElement>() {
        // A choice of one shows its first option when none is given.
        let given = options(control).position(|option| option.default_selected()).unwrap_or(0);
        usize::try_from(select.selected_index()).is_ok_and(|index| index != given)
    } else {
        false
    }
}

fn form(id: &str) -> Option<HtmlFormElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

fn options(select: &Element) -> impl Iterator<Item = HtmlOptionElement> + use<> {
    all(select.query_selector_all("option")).filter_map(|option| option.dyn_into().ok())
}

pub(super) fn all<E>(list: Result<NodeList, E>) -> impl Iterator<Item = Element> + use<E> {
    let list = list.ok();
    let length = list.as_ref().map_or(0, NodeList::length);
    (0..length).filter_map(move |at| list.as_ref()?.item(at)?.dyn_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(name: &str, choice: Option<&str>, value: &str) -> Held {
        let (name, choice) = (name.to_owned(), choice.map(str::to_owned));
        Held { name, choice, value: value.to_owned(), is_changed: true }
    }

    #[test]
    fn boxes_of_one_name_are_told_apart_by_what_they_stand_for() {
        let all = [held("monitors[]", Some("a"), "true"), held("monitors[]", Some("b"), "false")];
        let ticks =
            |choice: &str| all.iter().find(|held| held.is_of("monitors[]", Some(choice)))?.ticks(false);
        assert_eq!([ticks("a"), ticks("b"), ticks("c")], [Some(true), Some(false), None]);
        assert!(all[0].is_of_same(&held("monitors[]", Some("a"), "false")) && !all[0].is_of_same(&all[1]));
        // What is typed under the name of a box is no box.
        assert!(!held("verify", None, "true").is_of("verify", Some("true")));
        assert!(held("name", None, "Shop").is_of("name", None));
    }

    #[test]
    fn no_radio_button_is_taken_back_without_another_that_is_set() {
        let [all, these] = [held("scope", Some("all"), "false"), held("scope", Some("these"), "true")];
        assert_eq!([all.ticks(true), these.ticks(true)], [None, Some(true)]);
    }
}
