//! Short words at the edge of the page that something was done.

use std::time::Duration;

use domain::health::State;
use leptos::prelude::*;

use super::icon::Icon;
use super::state;

/// How long a toast stays.
const STAYS: Duration = Duration::from_secs(5);

/// What is said, and the state whose colour and icon it wears.
#[derive(Clone)]
struct Toast {
    id: u32,
    state: State,
    text: String,
}

/// The toasts of a page, in the context.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

impl Toasts {
    /// Puts an empty list into the context.
    pub fn provide() {
        provide_context(Self { list: RwSignal::new(Vec::new()), next: StoredValue::new(0) });
    }

    /// Says for a few seconds that something was done. In the browser only.
    pub fn say(self, text: impl Into<String>) {
        self.tell(State::Up, text);
    }

    /// Says for a few seconds why something was not done. In the browser only.
    pub fn fail(self, text: impl Into<String>) {
        self.tell(State::Down, text);
    }

    /// Says for a few seconds what was found, in the colour of a state. In the browser only.
    pub fn tell(self, state: State, text: impl Into<String>) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.list.update(|list| list.push(Toast { id, state, text: text.into() }));
        set_timeout(
            move || {
                self.list.try_update(|list| list.retain(|known| known.id != id));
            },
            STAYS,
        );
    }
}

/// The place where toasts appear.
#[component]
pub fn ToastList() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    view! {
        <div class="toasts" role="status">
            <For each=move || toasts.list.get() key=|toast| toast.id let:toast>
                <div class="toast" data-state=toast.state.as_str()><Icon name=state::icon(toast.state)/>{toast.text}</div>
            </For>
        </div>
    }
}
