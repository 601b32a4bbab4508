//! A rendered page, ready to be sent: compressed once, and known by a hash of its content.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// How hard Brotli tries, of 11: about a millisecond for a page of fifty components; beyond, time grows faster than size shrinks.
const BROTLI_QUALITY: i32 = 5;
/// The size of Brotli's window, as a power of two: a megabyte, more than any page.
const BROTLI_WINDOW: i32 = 20;

/// A rendered page in the encodings that browsers take.
#[derive(Clone, Debug)]
pub struct Document {
    media_type: &'static str,
    hash: u64,
    plain: Bytes,
    gzip: Bytes,
    brotli: Bytes,
}

/// An encoding of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Brotli,
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
        let plain = Bytes::from(text);
        // Writing into memory cannot fail; an empty variant would not be offered all the same.
        let gzip = gzip(&plain).unwrap_or_default().into();
        let brotli = brotli(&plain).unwrap_or_default().into();
        Self { media_type, hash: hasher.finish(), plain, gzip, brotli }
    }

    /// The size of the page as most browsers fetch it, in bytes.
    pub fn compressed_size(&self) -> usize {
        self.gzip.len()
    }

    /// The answer to a request with these headers: the page, or that it is still the one the browser has.
    pub fn answer(&self, status: StatusCode, request: &HeaderMap) -> Response {
        let (encoding, body) = self.choose(request);
        // Strong tags name bytes, so each encoding has its own.
        let tag = match encoding {
            Encoding::Plain => format!("\"{:016x}\"", self.hash),
            Encoding::Gzip => format!("\"{:016x}-gz\"", self.hash),
            Encoding::Brotli => format!("\"{:016x}-br\"", self.hash),
        };
        let is_known = status == StatusCode::OK && names(request, &tag);
        let mut response = Response::new(if is_known { Body::empty() } else { Body::from(body.clone()) });
        *response.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { status };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Encoding"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if !is_known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            match encoding {
                Encoding::Plain => {}
                Encoding::Gzip => {
                    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                }
                Encoding::Brotli => {
                    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
                }
            }
        }
        response
    }

    fn choose(&self, request: &HeaderMap) -> (Encoding, &Bytes) {
        if accepts(request, "br") && !self.brotli.is_empty() {
            (Encoding::Brotli, &self.brotli)
        } else if accepts(request, "gzip") && !self.gzip.is_empty() {
            (Encoding::Gzip, &self.gzip)
        } else {
            (Encoding::Plain, &self.plain)
        }
    }
}

/// Whether the browser takes an encoding (RFC 9110, 12.5.3). One that only `*` allows is not worth the doubt.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let lines = request.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|offer| {
        let mut pieces = offer.split(';').map(str::trim);
        let named = pieces.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = pieces
            .filter_map(|piece| piece.strip_prefix("q=").or_else(|| piece.strip_prefix("Q=")))
            .any(|quality| quality.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0));
        named && !refused
    })
}

/// Whether the browser has the page of this tag (RFC 9110, 13.1.2: compared weakly).
fn names(request: &HeaderMap, tag: &str) -> bool {
    let lines = request.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
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
        flate2::read::GzDecoder::new(&document.gzip[..]).read_to_string(&mut unzipped).unwrap();
        assert_eq!(unzipped, text);
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &document.brotli[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());
    }

    #[test]
    fn an_error_is_never_called_unchanged() {
        let document = Document::new("gone".to_owned());
        let asked = request(&[(header::IF_NONE_MATCH, "*")]);
        assert_eq!(document.answer(StatusCode::NOT_FOUND, &asked).status(), StatusCode::NOT_FOUND);
    }
}
