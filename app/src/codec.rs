//! How answers travel: as JSON, read as text.
//!
//! The codec of leptos reads bytes, while a page's own data and the frames of the socket are read from text. `serde_json`
//! has a reader for each, and with it the browser would hold every view's reading twice.

use std::str::Utf8Error;

use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The encoding of every answer.
pub type Answer = Post<JsonText>;

/// JSON, read as text.
#[derive(Clone, Copy, Debug)]
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = String;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        let text = std::str::from_utf8(&bytes).map_err(|error: Utf8Error| error.to_string())?;
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_back_and_nonsense_is_refused() {
        let bytes = JsonText::encode(&vec!["ä".to_owned()]).unwrap();
        let back: Vec<String> = JsonText::decode(bytes).unwrap();
        assert_eq!(back, ["ä"]);
        let broken: Result<Vec<String>, String> = JsonText::decode(Bytes::from_static(b"[\"\xff\"]"));
        assert!(broken.is_err());
    }
}
