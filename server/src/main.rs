//! Pharos.
#[tokio::main]
async fn main() {
    let page = axum::response::Html(format!(
        r#"<!doctype html><html><head><title>t</title>
<link rel="stylesheet" href="{css}"><link rel="modulepreload" href="{js}" crossorigin nonce="abc"><link rel="preload" href="{wasm}" as="fetch" type="application/wasm" crossorigin>
<script type="module" nonce="abc">import init, {{ hydrate }} from "{js}"; await init({{ module_or_path: "{wasm}" }}); hydrate(); document.title = "hydrated";</script></head><body>{body}</body></html>"#,
        css = server::assets::url("/pkg/pharos.css"),
        js = server::assets::url("/pkg/pharos.js"),
        wasm = server::assets::url("/pkg/pharos.wasm"),
        body = {
            use leptos::prelude::*;
            let o = Owner::new();
            o.with(|| app::App().to_html())
        }
    ));
    let app = server::assets::router::<()>().route(
        "/",
        axum::routing::get(move || {
            let page = page.clone();
            async move {
                (
                    [(
                        "content-security-policy",
                        "default-src 'self'; script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'",
                    )],
                    page,
                )
            }
        }),
    );
    let l = tokio::net::TcpListener::bind("127.0.0.1:3999").await.expect("x");
    println!("{} {}", server::assets::build_id(), l.local_addr().expect("a"));
    axum::serve(l, app).await.expect("y");
}
