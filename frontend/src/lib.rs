//! The browser's entry into the console. The public pages do not load it.

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server rendered. The page's own script calls it once the module is there.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
