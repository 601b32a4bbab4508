//! Secrets in what the log keeps of a request and its answer.

use crate::secret::MASK;

/// Characters from which on a secret is masked wherever it stands: nobody writes so many by chance.
const LONG: usize = 8;

/// A text without secrets. A short one is part of many words, so it is masked only where no letter or digit goes on before or behind it.
pub fn masked(mut text: String, secrets: &[String]) -> String {
    if text.is_empty() {
        return text;
    }
    let mut secrets: Vec<_> = secrets.iter().filter(|secret| !secret.is_empty()).collect();
    // A long one may have a short one in it, and would not be found any more.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in secrets {
        if !text.contains(secret.as_str()) {
            continue;
        }
        text = if secret.chars().count() < LONG {
            without_segments(&text, secret)
        } else {
            text.replace(secret, MASK)
        };
    }
    text
}

fn without_segments(text: &str, secret: &str) -> String {
    let (mut masked, mut done) = (String::with_capacity(text.len()), 0);
    let mut from = 0;
    while let Some(found) = text[from..].find(secret) {
        let (begin, end) = (from + found, from + found + secret.len());
        if goes_on_before(&text[..begin], secret) || goes_on_behind(&text[end..], secret) {
            // It may stand once more within itself.
            from = begin + secret.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        masked.push_str(&text[done..begin]);
        masked.push_str(MASK);
        (done, from) = (end, end);
    }
    masked.push_str(&text[done..]);
    masked
}

/// Whether the word that a secret begins with begins before it.
fn goes_on_before(before: &str, secret: &str) -> bool {
    let begins_word = secret.starts_with(char::is_alphanumeric);
    begins_word && before.ends_with(char::is_alphanumeric) && !ends_in_escape(before)
}

/// Whether the word that a secret ends with goes on behind it.
fn goes_on_behind(behind: &str, secret: &str) -> bool {
    secret.ends_with(char::is_alphanumeric) && behind.starts_with(char::is_alphanumeric)
}

/// Whether the last letters are one character as JSON or a URL writes it (`\n`, `\u000a`, `%2F`), so that a word begins behind them.
fn ends_in_escape(before: &str) -> bool {
    let last = |count: usize| before.len().checked_sub(count).and_then(|at| before.get(at..));
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    last(2).is_some_and(|text| text.starts_with('\\'))
        || last(3).and_then(|text| text.strip_prefix('%')).is_some_and(is_hex)
        || last(6).and_then(|text| text.strip_prefix("\\u")).is_some_and(is_hex)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str, secret: &str) -> String {
        masked(text.to_owned(), &[secret.to_owned()])
    }

    #[test]
    fn a_short_secret_leaves_words_as_they_are() {
        let text = r#"POST https://example.com/x?x=ax {"topic":"x","next":"\nx\u0041x","path":"%2Fx"}"#;
        let shown = r#"POST https://example.com/********?********=ax {"topic":"********","next":"\n********\u0041********","path":"%2F********"}"#;
        assert_eq!(one(text, "x"), shown);
        assert_eq!(one("aXbX aXbXaXb aXb", "aXb"), "aXbX aXbXaXb ********");
        assert_eq!(one("a-b-a-b-a", "a-b-a"), "********-b-a");
        assert_eq!(one("p@ss?p@ss p@ssword", "p@ss"), "********?******** p@ssword");
    }

    #[test]
    fn a_long_secret_with_a_short_one_in_it_is_hidden() {
        let secrets = ["key", "https://a.example/key/T0KEN"].map(ToOwned::to_owned);
        assert_eq!(
            masked("GET https://a.example/key/T0KEN?key".to_owned(), &secrets),
            "GET ********?********"
        );
    }

    proptest! {
        #[test]
        fn a_long_secret_never_stands_anywhere(before in "\\PC{0,20}", secret in "[a-zA-Z0-9._~-]{8,20}", behind in "\\PC{0,20}") {
            let shown = one(&format!("{before}{secret}{behind}"), &secret);
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }

        #[test]
        fn a_short_secret_never_stands_as_a_word(
            words in proptest::collection::vec("[a-c1]{1,4}", 0..12),
            parts in proptest::collection::vec("[ /\"?&=:,\\[\\]{}_.@-]|\\\\n|%2F|\\\\u0041", 12),
            secret in "[a-c1]{1,3}(-[a-c]{1,3})?",
            at in 0_usize..12,
        ) {
            let mut words = words;
            words.insert(at.min(words.len()), secret.clone());
            let text: String = words.iter().zip(&parts).flat_map(|(word, part)| [word.as_str(), part.as_str()]).collect();
            let shown = one(&text, &secret);
            // As whoever reads it sees it.
            let read = shown.replace("\\n", "\n").replace("%2F", "/").replace("\\u0041", "'");
            let padded = format!(" {read} ");
            for (begin, _) in padded.match_indices(secret.as_str()) {
                let (before, behind) = (&padded[..begin], &padded[begin + secret.len()..]);
                prop_assert!(
                    before.ends_with(char::is_alphanumeric) || behind.starts_with(char::is_alphanumeric),
                    "{} in {}", secret, shown
                );
            }
        }

        #[test]
        fn a_short_secret_leaves_the_words_around_it(word in "[a-z]{2,12}", secret in "[a-z]{1,7}") {
            prop_assume!(word != secret);
            let text = format!("https://{word}.example/{secret}");
            let shown = one(&text, &secret);
            let mask_if = |part: &str| if part == secret { MASK.to_owned() } else { part.to_owned() };
            prop_assert_eq!(shown, format!("{}://{}.{}/{}", mask_if("https"), word, mask_if("example"), MASK));
        }
    }
}
