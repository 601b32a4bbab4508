//! Short words at the edge of the page that something was done.

use std::time::Duration;

use leptos::prelude::*;

use super::icon::Icon;

/// How long a toast stays.
const STAYS: Duration = Duration::from_secs(5);

/// The toasts of a page, in the context.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<(u32, String)>>,
    next: StoredValue<u32>,
}

impl Toasts {
    /// Puts an empty list into the context.
    pub fn provide() {
        provide_context(Self { list: RwSignal::new(Vec::new()), next: StoredValue::new(0) });
    }

    /// Says something for a few seconds. In the browser only.
    pub fn say(self, text: impl Into<String>) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.list.update(|list| list.push((id, text.into())));
        set_timeout(
            move || {
                self.list.try_update(|list| list.retain(|(known, _)| *known != id));
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
            <For each=move || toasts.list.get() key=|(id, _)| *id let((_, text))>
                <div class="toast"><Icon name="st-operational"/>{text}</div>
            </For>
        </div>
    }
}
