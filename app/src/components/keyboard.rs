//! Keys for those who do not want to reach for the mouse, and the dialog that lists them.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;

use super::leave::Leaving;
use super::time::Clock;
use crate::browser;

/// The id of the dialog.
const HELP: &str = "keys";
/// Under which name the browser keeps whether they are on.
const KEPT: &str = "keys";
/// What `/` looks for.
const SEARCH: &str = "[data-search]";
/// What `j` and `k` walk along.
const ROWS: &str = "[data-row]";

/// Keys and what they do.
const KEYS: [(&str, &str); 10] = [
    ("/", "Search"),
    ("j k", "Next and previous row"),
    ("n", "New monitor"),
    ("g o", "Go to the overview"),
    ("g m", "Go to the monitors"),
    ("g i", "Go to the incidents"),
    ("g a", "Go to the alerts"),
    ("g p", "Go to the status page"),
    ("g s", "Go to the settings"),
    ("?", "This list"),
];

/// Whether letters are commands. Whoever speaks to the machine, or hits keys by accident, switches that off; kept in this browser.
#[derive(Clone, Copy)]
pub struct Keys(RwSignal<bool>);

impl Keys {
    /// Puts them into the context.
    pub fn provide() {
        let keys = Self(RwSignal::new(true));
        provide_context(keys);
        // After the page was taken over: the server does not know.
        Effect::new(move || keys.0.set(browser::kept(KEPT).as_deref() != Some("off")));
    }

    fn are_on(self) -> bool {
        self.0.get_untracked()
    }

    fn switch(self, is_on: bool) {
        self.0.set(is_on);
        browser::keep(KEPT, if is_on { "on" } else { "off" });
    }
}

/// Switches keys off and on. Without scripts there are none, and no switch.
#[component]
pub fn KeysSwitch() -> impl IntoView {
    let (keys, clock) = (expect_context::<Keys>(), expect_context::<Clock>());
    view! {
        <Show when=move || clock.is_alive()>
            <label class="check switch-keys"><input type="checkbox" prop:checked=move || keys.0.get()
                on:change:target=move |event| keys.switch(event.target().checked())/><span>"Keys of one letter are commands"</span></label>
        </Show>
    }
}

/// Listens to keys, and holds the list of them.
#[component]
pub fn Keyboard() -> impl IntoView {
    let leaving = expect_context::<Leaving>();
    let keys = expect_context::<Keys>();
    let is_going = StoredValue::new(false);
    let press = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || browser::is_typing() {
            return;
        }
        // What is open over the page keeps the keys for itself.
        if browser::is_asking() {
            return;
        }
        if !keys.are_on() && !matches!(event.key().as_str(), "Escape" | " ") {
            return;
        }
        let go = |path: &str| leaving.go(path);
        let was_going = is_going.get_value();
        is_going.set_value(false);
        match (was_going, event.key().as_str()) {
            (true, "o") => go("/console"),
            (true, "m") => go("/console/monitors"),
            (true, "i") => go("/console/incidents"),
            (true, "a") => go("/console/alerts"),
            (true, "p") => go("/console/page"),
            (true, "s") => go("/console/settings"),
            (_, "g") => is_going.set_value(true),
            (_, "/") => {
                event.prevent_default();
                if !browser::focus(SEARCH) {
                    go("/console/monitors");
                }
            }
            (_, "n") => go("/console/monitors/new"),
            (_, "j") => browser::focus_next(ROWS, 1),
            (_, "k") => browser::focus_next(ROWS, -1),
            (_, "?") => browser::open_dialog(HELP),
            (_, "Escape") => browser::close_menu(),
            (_, " ") => browser::press_link(&event),
            _ => {}
        }
    };
    Effect::new(move || {
        let pressed = window_event_listener(ev::keydown, press);
        let clicks = window_event_listener(ev::click, |event| browser::close_menu_beside(&event));
        on_cleanup(move || {
            pressed.remove();
            clicks.remove();
        });
    });
    view! {
        <dialog class="dialog" id=HELP aria-labelledby="keys-title">
            <h2 id="keys-title">"Keys"</h2>
            <div class="evidence"><dl>
                {KEYS.map(|(key, what)| view! { <dt>{key.split_whitespace().map(|key| view! { <kbd>{key}</kbd>" " }).collect_view()}</dt><dd>{what}</dd> }).collect_view()}
            </dl></div>
            <KeysSwitch/>
            <footer><form method="dialog"><button class="button" autofocus>"Close"</button></form></footer>
        </dialog>
    }
}
