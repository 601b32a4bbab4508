//! Encoding and decoding.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

use super::{
    super::{
        MAX_OUTPUT_BYTES,
        output::{Exceeded, Output},
    },
    Trouble,
};

/// Padding is taken with and without: systems disagree.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Escapes for the inside of a JSON string (RFC 8259, section 7).
pub(in super::super) fn json_encode(text: &str) -> Result<String, Exceeded> {
    write(text, |character, out| match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        // JSON in a script element of a page breaks at these two; escaped they are the same text.
        '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
            out.push_str(&format!("\\u{:04x}", u32::from(character)))
        }
        other => out.push(other),
    })
}

/// The opposite of [`json_encode`]. What is no escape stays as it is.
pub(super) fn json_decode(text: &str) -> Result<String, Exceeded> {
    let mut out = Output::default();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at])?;
        rest = &rest[at..];
        let (decoded, length) = match rest.as_bytes().get(1) {
            Some(b'n') => ('\n', 2),
            Some(b'r') => ('\r', 2),
            Some(b't') => ('\t', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(plain @ (b'"' | b'\\' | b'/')) => (char::from(*plain), 2),
            Some(b'u') => unicode_escape(rest).unwrap_or(('\\', 1)),
            _ => ('\\', 1),
        };
        out.push(decoded)?;
        rest = &rest[length..];
    }
    out.push_str(rest)?;
    Ok(out.into_text())
}

/// The character of `\uXXXX`, or of a pair of them (RFC 8259, section 7), and the length of the escape.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    };
    let first = unit(text)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, 6));
    }
    let second = unit(text.get(6..)?)?;
    let pair = char::decode_utf16([first, second]).next()?.ok()?;
    Some((pair, 12))
}

/// Escapes for XML text and attribute values (XML 1.0, sections 2.2 and 2.4).
pub(in super::super) fn xml_encode(text: &str) -> Result<String, Exceeded> {
    write(text, |character, out| match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&apos;"),
        // No XML 1.0 document may hold these, not even escaped.
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => Ok(()),
        other => out.push(other),
    })
}

/// The opposite of [`xml_encode`]. What is no entity stays as it is.
pub(super) fn xml_decode(text: &str) -> Result<String, Exceeded> {
    // `&#x10FFFF;` is the longest.
    const MAX_ENTITY_BYTES: usize = 10;
    let mut out = Output::default();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at])?;
        rest = &rest[at..];
        let window = &rest.as_bytes()[..rest.len().min(MAX_ENTITY_BYTES)];
        let end = window.iter().position(|byte| *byte == b';');
        let decoded = end.and_then(|end| Some((entity(&rest[1..end])?, end + 1)));
        let (character, length) = decoded.unwrap_or(('&', 1));
        out.push(character)?;
        rest = &rest[length..];
    }
    out.push_str(rest)?;
    Ok(out.into_text())
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |hex| (hex, 16));
            digits
                .chars()
                .all(|c| c.is_digit(radix))
                .then(|| u32::from_str_radix(digits, radix).ok())?
                .and_then(char::from_u32)
        }
    }
}

/// Escapes for a query or a form: a space becomes `+`; letters, digits and `-_.~!*'()` stay.
pub(in super::super) fn form_encode(text: &str) -> Result<String, Exceeded> {
    let mut out = Output::default();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+')?,
            b'-' | b'_' | b'.' | b'~' | b'!' | b'*' | b'\'' | b'(' | b')' => out.push(char::from(byte))?,
            plain if plain.is_ascii_alphanumeric() => out.push(char::from(plain))?,
            other => out.push_str(&format!("%{other:02X}"))?,
        }
    }
    Ok(out.into_text())
}

pub(super) fn base64(bytes: &[u8]) -> Result<String, Exceeded> {
    if bytes.len() / 3 * 4 > MAX_OUTPUT_BYTES { Err(Exceeded::Length) } else { Ok(STANDARD.encode(bytes)) }
}

pub(super) fn base64_decode(text: &str) -> Result<String, Trouble> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let bytes =
        LENIENT.decode(plain).map_err(|_| Trouble::Unusable("the argument is no Base64.".to_owned()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn hex_to_base64(text: &str) -> Result<String, Trouble> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok(),
            _ => None,
        })
        .collect();
    let bytes = bytes.ok_or_else(|| {
        Trouble::Unusable(
            "the argument is not made of pairs of hex digits, as hash functions give them.".to_owned(),
        )
    })?;
    Ok(base64(&bytes)?)
}

fn write(
    text: &str,
    mut each: impl FnMut(char, &mut Output) -> Result<(), Exceeded>,
) -> Result<String, Exceeded> {
    let mut out = Output::default();
    text.chars().try_for_each(|character| each(character, &mut out))?;
    Ok(out.into_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a \"quote\" \\ and\r\n\ttabs \u{1}\u{8}\u{c} ü 🦀 <&>' \u{2028}";

    #[test]
    fn json_escapes_read_back_and_are_what_json_says() {
        let encoded = json_encode(NASTY).unwrap();
        assert_eq!(serde_json::from_str::<String>(&format!("\"{encoded}\"")).unwrap(), NASTY);
        assert_eq!(json_decode(&encoded).unwrap(), NASTY);
        assert_eq!(
            json_encode("notes that include\na line break or \"a quote\"").unwrap(),
            r#"notes that include\na line break or \"a quote\""#
        );
        assert_eq!(json_decode(r"\u007b\u007b \ud83e\udd80 \/").unwrap(), "{{ 🦀 /");
        assert_eq!(json_decode(r"\x \ud83e \u12 \uü123 \").unwrap(), r"\x \ud83e \u12 \uü123 \");
    }

    #[test]
    fn xml_escapes_read_back_but_for_what_xml_cannot_hold() {
        assert_eq!(xml_encode("<a b='c'>\"&\u{1}").unwrap(), "&lt;a b=&apos;c&apos;&gt;&quot;&amp;");
        assert_eq!(
            xml_decode("&lt;&#60;&#x3C;&amp;lt; &nbsp; & &#xD800; &#99999999; ü&üüüüü;").unwrap(),
            "<<<&lt; &nbsp; & &#xD800; &#99999999; ü&üüüüü;"
        );
    }

    #[test]
    fn a_url_is_encoded_as_forms_do() {
        assert_eq!(form_encode("Ben & Jerry's").unwrap(), "Ben+%26+Jerry's");
        assert_eq!(form_encode("ü/?=\n-_.~").unwrap(), "%C3%BC%2F%3F%3D%0A-_.~");
    }

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(base64("user:pä".as_bytes()).unwrap(), "dXNlcjpww6Q=");
        for text in ["dXNlcjpww6Q=", "dXNlcjpww6Q", "dXNl\r\ncjpww6Q="] {
            assert_eq!(base64_decode(text).unwrap(), "user:pä");
        }
        assert_eq!(base64_decode("Pz8_Pg").unwrap(), "???>");
        assert!(base64_decode("a*b").is_err());
    }

    #[test]
    fn hex_digits_of_a_hash_become_base64_of_its_bytes() {
        assert_eq!(hex_to_base64("48656c6C6f").unwrap(), "SGVsbG8=");
        for wrong in ["4", "4g", "+1", "ü"] {
            assert!(hex_to_base64(wrong).is_err(), "{wrong}");
        }
    }
}
