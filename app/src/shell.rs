//! The document around the console: everything that stands before the first component, and the scripts that start it.

use http::request::Parts;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;

/// Links to the site's files, each with the hash that lets the browser keep it. The edge knows them.
#[derive(Clone, Debug)]
pub struct PageAssets {
    /// The console's styles.
    pub styles: String,
    /// The module that loads the wasm.
    pub script: String,
    /// The wasm.
    pub wasm: String,
    /// The font that is needed first.
    pub font: String,
    /// The icon of the tab.
    pub icon: String,
}

/// The whole document.
pub fn shell() -> impl IntoView {
    let Some(assets) = use_context::<PageAssets>() else {
        return "The edge did not say where the site's files are.".into_any();
    };
    // Our own start instead of leptos' HydrationScripts, which reads files beside the executable when it runs.
    let start = format!(
        "import init, {{ hydrate }} from {:?};\nawait init({{ module_or_path: {:?} }});\nhydrate();",
        assets.script, assets.wasm
    );
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href=assets.icon type="image/svg+xml"/>
                <link rel="preload" href=assets.font r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="stylesheet" href=assets.styles/>
                <link rel="modulepreload" href=assets.script nonce=use_nonce()/>
                <link rel="preload" href=assets.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=use_nonce()>{start}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
    .into_any()
}

/// The theme that the visitor chose; without one the system's is taken.
fn theme() -> Option<&'static str> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get_all(http::header::COOKIE);
    let mut pairs = cookies.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.find_map(|pair| match pair.trim().strip_prefix("theme=")? {
        "dark" => Some("dark"),
        "light" => Some("light"),
        _ => None,
    })
}
