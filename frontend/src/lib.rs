//! The browser's entry into the console. The public pages do not load it.

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server rendered. The page's own script calls it once the module is there.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let early = app::browser::Early::read();
    leptos::mount::hydrate_body(app::App);
    early.tell();
    // Says that the page answers to clicks: for tests, and for styles that wait until then.
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute("data-hydrated", "true");
    }
}
