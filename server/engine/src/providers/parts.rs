//! How long a text message is for whoever charges for it: parts of 7-bit letters, or of 16-bit units when a single character is not among
//! those (3GPP TS 23.038 and 23.040).

/// The basic set besides ASCII letters and digits.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// The extension, each of which takes the place of two letters.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";
/// Parts of a message at most: each costs.
const PARTS: usize = 3;

/// How the characters of a message are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// In 7 bits.
    Gsm,
    /// In UTF-16.
    Ucs2,
}

impl Alphabet {
    /// Whether it has all characters of a text.
    pub(super) fn writes(self, text: &str) -> bool {
        self == Self::Ucs2 || text.chars().all(|character| septets(character).is_some())
    }

    /// Places in all parts of a message. A character of two places does not stand on the border of two parts, which may leave one place
    /// of each but the last empty.
    pub(super) fn room(self) -> usize {
        let part = match self {
            Self::Gsm => 153,
            Self::Ucs2 => 67,
        };
        PARTS * part - (PARTS - 1)
    }

    /// Places that a text takes.
    pub(super) fn size(self, text: &str) -> usize {
        text.chars().map(|character| self.places(character)).sum()
    }

    /// A text of so many places at most; a longer one ends in three dots.
    pub(super) fn cut(self, text: &str, limit: usize) -> String {
        const DOTS: &str = "...";
        if self.size(text) <= limit {
            return text.to_owned();
        }
        let (mut short, mut left) = (String::new(), limit.saturating_sub(DOTS.len()));
        for character in text.chars() {
            let Some(rest) = left.checked_sub(self.places(character)) else { break };
            short.push(character);
            left = rest;
        }
        format!("{}{DOTS}", short.trim_end())
    }

    fn places(self, character: char) -> usize {
        match self {
            // One that it does not have is as long as any until the text is written in the other alphabet.
            Self::Gsm => septets(character).unwrap_or(1),
            Self::Ucs2 => character.len_utf16(),
        }
    }
}

fn septets(character: char) -> Option<usize> {
    if character.is_ascii_alphanumeric() || BASIC.contains(character) {
        Some(1)
    } else {
        EXTENSION.contains(character).then_some(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_alphabet_has_128_places_and_an_extension() {
        assert_eq!(BASIC.chars().count() + 26 + 26 + 10, 127, "all but the escape");
        assert!(
            Alphabet::Gsm.writes("Müller & Søn: 5 € [ok]")
                && !Alphabet::Gsm.writes("`")
                && !Alphabet::Gsm.writes("ç")
        );
        assert_eq!((Alphabet::Gsm.size("a€"), Alphabet::Ucs2.size("a€🔴")), (3, 4));
    }

    #[test]
    fn a_text_is_cut_by_places() {
        assert_eq!(Alphabet::Gsm.cut("abcdef", 6), "abcdef");
        assert_eq!(Alphabet::Gsm.cut("abcd[f", 6), "abc...");
        assert_eq!(Alphabet::Ucs2.cut("🔴🔴🔴🔴", 7), "🔴🔴...");
        assert_eq!(Alphabet::Ucs2.cut("🔴🔴🔴🔴", 8), "🔴🔴🔴🔴");
    }
}
