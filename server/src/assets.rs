//! The site's files: wasm, JavaScript, styles and everything of `public/`. A release build carries them inside; a debug
//! build reads them from the folder at each request, so that `make dev` needs no restart for a changed style.
//!
//! A file keeps its name over its whole life. What makes it cacheable for ever is the hash that [`url()`] adds to the
//! link: with the present hash in the query the answer is immutable, without it the browser asks again, by ETag.

use std::{borrow::Cow, fmt::Write as _};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
    routing::get,
};

use crate::negotiation::{accepts, knows};
use rust_embed::{EmbeddedFile, RustEmbed};

/// `cargo leptos build --precompress` fills the folder, with `.br` and `.gz` beside each file. A debug build without
/// the folder has no pages' files, but compiles; `build.rs` refuses a release build without it.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// Bytes of a content hash that stand in links and ETags: 64 bits are plenty among the versions of one file.
const HASH_BYTES: usize = 8;

/// One year, the longest that RFC 9111 readers honour.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What is compressed, best first: the name in HTTP and the ending of the compressed file.
const CODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// The routes of the site's files, `GET` and `HEAD`. Only files that exist are routes: no path is left to guess, and a
/// status page may have any other name.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Site::iter()
        .filter(|path| is_public(path))
        .fold(Router::new(), |router, path| router.route(&format!("/{path}"), get(serve)))
}

/// The link to a file of the site, `path` as in the browser (`/pkg/pharos.js`), with its hash: the answer may be kept
/// for ever. A path that names no file comes back as it is.
pub fn url(path: &str) -> String {
    match load(path) {
        Some(file) => format!("{path}?v={}", hash(&file)),
        None => path.to_owned(),
    }
}

/// Names this build: differs as soon as the source of pages, server, styles or scripts differs. A page that was opened
/// with another build reloads.
pub fn build_id() -> &'static str {
    env!("PHAROS_BUILD")
}

async fn serve(uri: Uri, headers: HeaderMap) -> Response<Body> {
    answer(&uri, &headers, load)
}

fn load(path: &str) -> Option<EmbeddedFile> {
    Site::get(path.strip_prefix('/')?)
}

/// Neither the compressed copies, which are chosen by header, nor wasm-bindgen's typings, nor marks of the build.
fn is_public(path: &str) -> bool {
    !path.starts_with('.') && !["br", "gz", "ts"].contains(&ending(path))
}

fn answer(uri: &Uri, headers: &HeaderMap, load: impl Fn(&str) -> Option<EmbeddedFile>) -> Response<Body> {
    let path = uri.path();
    let Some(plain) = load(path) else {
        return with_status(StatusCode::NOT_FOUND, Body::empty());
    };
    let version = hash(&plain);
    let (file, coding) = CODINGS
        .iter()
        .filter(|(coding, _)| accepts(headers, coding))
        .find_map(|(coding, ending)| Some((load(&format!("{path}.{ending}"))?, Some(*coding))))
        .unwrap_or((plain, None));

    // A strong ETag names bytes, so each coding has its own (RFC 9110 section 8.8.3.3).
    let etag = match coding {
        Some(coding) => format!("\"{version}-{coding}\""),
        None => format!("\"{version}\""),
    };
    // An old page may ask for an old hash: it gets the present file, but must not keep it under that name.
    let is_versioned = uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair.strip_prefix("v=") == Some(&version)));

    let mut response = if knows(headers, &etag) {
        with_status(StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        let mut response = with_status(StatusCode::OK, Body::from(bytes(file)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
        if let Some(coding) = coding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    };
    let out = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    let cache = if is_versioned { IMMUTABLE } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn with_status(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

fn hash(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(HASH_BYTES).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn content_type(path: &str) -> &'static str {
    match ending(path) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, http::Request};
    use rust_embed::Metadata;

    use super::*;

    /// A site of three files; only the wasm was compressed.
    fn fake(path: &str) -> Option<EmbeddedFile> {
        let (data, first): (&'static [u8], u8) = match path {
            "/pkg/pharos.wasm" => (b"\0asm", 0xab),
            "/pkg/pharos.wasm.br" => (b"br", 0x01),
            "/pkg/pharos.wasm.gz" => (b"gz", 0x02),
            "/robots.txt" => (b"User-agent: *", 0xcd),
            _ => return None,
        };
        let mut hash = [0; 32];
        hash[0] = first;
        Some(EmbeddedFile {
            data: Cow::Borrowed(data),
            metadata: Metadata::__rust_embed_new(hash, None, None),
        })
    }

    fn ask(path: &str, headers: &[(header::HeaderName, &'static str)]) -> Response<Body> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        answer(&path.parse().unwrap(), &map, fake)
    }

    fn field(response: &Response<Body>, name: header::HeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn a_file_comes_with_its_type_and_a_strong_tag() {
        let response = ask("/pkg/pharos.wasm", &[]);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(field(&response, header::CONTENT_TYPE), "application/wasm");
        assert_eq!(field(&response, header::ETAG), "\"ab00000000000000\"");
        assert_eq!(field(&response, header::CONTENT_ENCODING), "");
        assert_eq!(field(&response, header::VARY), "accept-encoding");
    }

    #[test]
    fn the_present_hash_makes_it_immutable_and_any_other_does_not() {
        let cache = |query: &str| {
            field(&ask(&format!("/pkg/pharos.wasm{query}"), &[]), header::CACHE_CONTROL).to_owned()
        };
        assert_eq!(cache("?v=ab00000000000000"), IMMUTABLE);
        assert_eq!(cache("?x=1&v=ab00000000000000"), IMMUTABLE);
        assert_eq!(cache("?v=0000000000000000"), "no-cache");
        assert_eq!(cache(""), "no-cache");
    }

    #[test]
    fn the_best_accepted_coding_that_exists_is_chosen() {
        let coding = |path: &str, accept: &'static str| {
            field(&ask(path, &[(header::ACCEPT_ENCODING, accept)]), header::CONTENT_ENCODING).to_owned()
        };
        assert_eq!(coding("/pkg/pharos.wasm", "gzip, deflate, br, zstd"), "br");
        assert_eq!(coding("/pkg/pharos.wasm", "gzip"), "gzip");
        assert_eq!(coding("/pkg/pharos.wasm", "br;q=0, GZIP;q=0.5"), "gzip");
        assert_eq!(coding("/pkg/pharos.wasm", "identity"), "");
        assert_eq!(coding("/robots.txt", "br, gzip"), "");
    }

    #[test]
    fn each_coding_has_a_tag_of_its_own_but_one_version() {
        let response = ask(
            "/pkg/pharos.wasm?v=ab00000000000000",
            &[(header::ACCEPT_ENCODING, "br"), (header::IF_NONE_MATCH, "\"ab00000000000000\"")],
        );
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(field(&response, header::ETAG), "\"ab00000000000000-br\"");
        assert_eq!(field(&response, header::CACHE_CONTROL), IMMUTABLE);
    }

    #[tokio::test]
    async fn who_has_the_bytes_gets_no_body() {
        for known in ["\"cd00000000000000\"", "\"other\", W/\"cd00000000000000\"", "*"] {
            let response = ask("/robots.txt", &[(header::IF_NONE_MATCH, known)]);
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(field(&response, header::ETAG), "\"cd00000000000000\"");
            assert!(to_bytes(response.into_body(), 1).await.unwrap().is_empty());
        }
        assert_eq!(ask("/robots.txt", &[(header::IF_NONE_MATCH, "\"other\"")]).status(), StatusCode::OK);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(ask("/pkg/other.js", &[]).status(), StatusCode::NOT_FOUND);
        assert_eq!(url("/pkg/never-built.js"), "/pkg/never-built.js");
    }

    #[test]
    fn compressed_copies_typings_and_marks_are_no_routes() {
        assert!(is_public("pkg/pharos.js"));
        for hidden in ["pkg/pharos.js.br", "pkg/pharos.js.gz", "pkg/pharos.d.ts", ".built"] {
            assert!(!is_public(hidden), "{hidden}");
        }
    }

    #[tokio::test]
    async fn every_file_of_the_site_is_answered_to_get_and_head() {
        use tower::ServiceExt as _;
        for path in Site::iter().filter(|path| is_public(path)) {
            for method in ["GET", "HEAD"] {
                let request = Request::builder().method(method).uri(url(&format!("/{path}")));
                let request = request.body(Body::empty()).unwrap();
                let response = router::<()>().oneshot(request).await.unwrap();
                assert_eq!(response.status(), StatusCode::OK, "{method} {path}");
                assert_eq!(field(&response, header::CACHE_CONTROL), IMMUTABLE, "{method} {path}");
                assert_ne!(field(&response, header::CONTENT_TYPE), "application/octet-stream", "{path}");
            }
        }
    }

    #[test]
    fn a_build_has_a_name_that_fits_a_query() {
        assert!(build_id().len() == 16 && build_id().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
