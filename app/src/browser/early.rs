//! What somebody does in a page before the page can hear of it: on a slow line, typing and ticking come first.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, EventInit, HtmlInputElement, HtmlSelectElement};

use super::forms::{all, differs};

/// What somebody can change.
const CONTROLS: &str = "input:not([type='hidden'], [type='file']), textarea, select";

/// The controls that hold something else than the page gave them, each with what it holds.
pub struct Early(Vec<(Element, Value)>);

/// What a control holds.
enum Value {
    Ticked(bool),
    Text(String),
    Chosen(String),
}

impl Early {
    /// Looks at the page, before anything takes it over.
    pub fn read() -> Self {
        let changed = all(document().query_selector_all(CONTROLS)).filter(differs);
        Self(changed.filter_map(|control| Value::of(&control).map(|value| (control, value))).collect())
    }

    /// Tells the page of it as if it happened now: after everything that stands in the page has been taken over, also what waits for
    /// what was read along with it.
    pub fn tell(self) {
        if !self.0.is_empty() {
            set_timeout(
                move || self.0.iter().for_each(|(control, value)| value.tell(control)),
                Duration::ZERO,
            );
        }
    }
}

impl Value {
    fn of(control: &Element) -> Option<Self> {
        if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
            return match input.type_().as_str() {
                // The one that was chosen says it for those beside it.
                "radio" => input.checked().then_some(Self::Ticked(true)),
                "checkbox" => Some(Self::Ticked(input.checked())),
                _ => Some(Self::Text(input.value())),
            };
        }
        match control.dyn_ref::<HtmlSelectElement>() {
            Some(select) => Some(Self::Chosen(select.value())),
            // A text area keeps its text, whoever takes it over.
            None => Some(Self::Text(String::new())),
        }
    }

    /// Gives it back to a control that was put back to what it was given, and lets the page know.
    fn tell(&self, control: &Element) {
        let is_put_back = !differs(control);
        if let Some(input) = control.dyn_ref::<HtmlInputElement>().filter(|_| is_put_back) {
            match self {
                Self::Ticked(is_ticked) => input.set_checked(*is_ticked),
                Self::Text(text) => input.set_value(text),
                Self::Chosen(_) => {}
            }
        } else if let (Some(select), Self::Chosen(value)) =
            (control.dyn_ref::<HtmlSelectElement>().filter(|_| is_put_back), self)
        {
            select.set_value(value);
        }
        for name in ["input", "change"] {
            let init = EventInit::new();
            init.set_bubbles(true);
            if let Ok(event) = Event::new_with_event_init_dict(name, &init) {
                let _ = control.dispatch_event(&event);
            }
        }
    }
}
