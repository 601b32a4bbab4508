//! A rendered page, ready to be sent: compressed once, and known by a hash of its content.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::negotiation::{accepts, knows};

/// How hard Brotli tries, of 11: about a millisecond for a page of fifty components; beyond, time grows faster than size shrinks.
const BROTLI_QUALITY: i32 = 5;
/// The size of Brotli's window, as a power of two: a megabyte, more than any page.
const BROTLI_WINDOW: i32 = 20;

/// A rendered page in the encodings that browsers take.
#[derive(Clone, Debug)]
pub struct Document {
    media_type: &'static str,
    plain: Encoded,
    gzip: Encoded,
    brotli: Encoded,
}

/// The content in one encoding.
#[derive(Clone, Debug)]
struct Encoded {
    body: Bytes,
    /// Strong tags name bytes, so each encoding has its own.
    tag: HeaderValue,
    /// What it is called in HTTP; `None` for the plain text.
    coding: Option<&'static str>,
}

impl Document {
    /// Compresses a page; takes milliseconds.
    pub fn new(html: String) -> Self {
        Self::of_type("text/html; charset=utf-8", html)
    }

    /// Compresses a text of another media type.
    pub fn of_type(media_type: &'static str, text: String) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        let encoded = |body: Bytes, coding: Option<&'static str>| {
            let ending = coding.map(|coding| format!("-{coding}")).unwrap_or_default();
            let tag = HeaderValue::from_str(&format!("\"{hash:016x}{ending}\""));
            // Hexadecimal digits always make a header.
            Encoded { body, tag: tag.unwrap_or(HeaderValue::from_static("\"\"")), coding }
        };
        let plain = Bytes::from(text);
        // Writing into memory cannot fail; an empty variant would not be offered all the same.
        let (gzip, brotli) = (gzip(&plain).unwrap_or_default(), brotli(&plain).unwrap_or_default());
        Self {
            media_type,
            gzip: encoded(gzip.into(), Some("gzip")),
            brotli: encoded(brotli.into(), Some("br")),
            plain: encoded(plain, None),
        }
    }

    /// The size of the page as most browsers fetch it, in bytes.
    pub fn compressed_size(&self) -> usize {
        self.gzip.body.len()
    }

    /// The answer to a request with these headers: the page, or that it is still the one the browser has.
    pub fn answer(&self, status: StatusCode, request: &HeaderMap) -> Response {
        let encoded = self.choose(request);
        let is_known = status == StatusCode::OK && knows(request, encoded.tag.to_str().unwrap_or_default());
        let body = if is_known { Body::empty() } else { Body::from(encoded.body.clone()) };
        let mut response = Response::new(body);
        *response.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { status };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Encoding"));
        headers.insert(header::ETAG, encoded.tag.clone());
        if !is_known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            if let Some(coding) = encoded.coding {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
        }
        response
    }

    fn choose(&self, request: &HeaderMap) -> &Encoded {
        let offered = [&self.brotli, &self.gzip].into_iter().filter(|encoded| !encoded.body.is_empty());
        let mut taken =
            offered.filter(|encoded| encoded.coding.is_some_and(|coding| accepts(request, coding)));
        taken.next().unwrap_or(&self.plain)
    }
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

fn brotli(mut plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: plain.len(),
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut plain, &mut packed, &parameters)?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn request(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn header_of(response: &Response, name: header::HeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn each_encoding_has_a_tag_of_its_own_and_is_confirmed_by_it() {
        let document = Document::new("<p>all is well</p>".repeat(50));
        let mut tags = Vec::new();
        for (offer, encoding) in
            [("", ""), ("gzip", "gzip"), ("gzip, br;q=0.5", "br"), ("br;q=0, gzip", "gzip"), ("deflate", "")]
        {
            let asked = request(&[(header::ACCEPT_ENCODING, offer)]);
            let answer = document.answer(StatusCode::OK, &asked);
            assert_eq!(header_of(&answer, header::CONTENT_ENCODING), encoding, "{offer}");
            assert_eq!(header_of(&answer, header::VARY), "Cookie, Accept-Encoding");
            assert_eq!(header_of(&answer, header::CACHE_CONTROL), "no-cache");
            let tag = header_of(&answer, header::ETAG).to_owned();
            let again = request(&[
                (header::ACCEPT_ENCODING, offer),
                (header::IF_NONE_MATCH, &format!("\"other\", W/{tag}")),
            ]);
            let answer = document.answer(StatusCode::OK, &again);
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(header_of(&answer, header::ETAG), tag);
            tags.push(tag);
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 3, "plain, gzip, Brotli");
    }

    #[test]
    fn another_content_has_another_tag() {
        let tag = |text: &str| {
            let answer = Document::new(text.to_owned()).answer(StatusCode::OK, &HeaderMap::new());
            header_of(&answer, header::ETAG).to_owned()
        };
        assert_ne!(tag("one"), tag("two"));
    }

    #[test]
    fn what_was_compressed_reads_back() {
        let text = "All systems operational ".repeat(99);
        let document = Document::new(text.clone());
        let mut unzipped = String::new();
        flate2::read::GzDecoder::new(&document.gzip.body[..]).read_to_string(&mut unzipped).unwrap();
        assert_eq!(unzipped, text);
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &document.brotli.body[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());
    }

    #[test]
    fn an_error_is_never_called_unchanged() {
        let document = Document::new("gone".to_owned());
        let asked = request(&[(header::IF_NONE_MATCH, "*")]);
        assert_eq!(document.answer(StatusCode::NOT_FOUND, &asked).status(), StatusCode::NOT_FOUND);
    }
}
