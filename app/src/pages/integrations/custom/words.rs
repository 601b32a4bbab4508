//! Everything that templates can say, to be read and to be inserted where the caret was.

use domain::views::console::TemplateWord;
use leptos::prelude::*;

use super::editing::Editing;
use crate::components::icon::Icon;

/// The list. Without scripts it is there to be read.
#[component]
pub(super) fn Words(
    /// Variables and functions.
    words: Vec<TemplateWord>,
) -> impl IntoView {
    let editing = Editing::here();
    let search = RwSignal::new(String::new());
    let row = move |word: TemplateWord| {
        let text = word.write.clone();
        let found = format!("{} {}", word.write, word.meaning).to_lowercase();
        let hidden = move || search.with(|search| !found.contains(search.as_str()));
        let encode = word.free_text.then(|| {
            let text = word.write.replacen("{{", "{{@JsonEncode({{", 1) + ")}}";
            let label = format!("Insert {text}");
            view! {
                <button class="button quiet small" type="button" aria-label=label title="People or servers wrote it: inside JSON it needs encoding"
                    on:click=move |_| editing.insert(&text)>"in JSON"</button>
            }
        });
        view! {
            <li hidden=hidden>
                <div class="word">
                    <button class="link" type="button" on:click=move |_| editing.insert(&text)><code>{word.write}</code></button>
                    {encode}
                </div>
                <p class="muted">{word.meaning}" "<span class="example">{word.example}</span></p>
            </li>
        }
    };
    view! {
        <section class="card" id="words">
            <details class="fold">
                <summary><Icon name="chevron-right"/>"Variables and functions"<span class="muted">{words.len()}</span></summary>
                <div class="form">
                    <p class="hint">"A click inserts it where the caret was."</p>
                    <input class="input" type="search" placeholder="Search" aria-label="Search variables and functions" autocomplete="off"
                        on:input:target=move |event| search.set(event.target().value().trim().to_lowercase())/>
                    <ul class="words-list" tabindex="0" aria-label="Variables and functions">{words.into_iter().map(row).collect_view()}</ul>
                </div>
            </details>
        </section>
    }
}
