//! Plain text that people wrote, with the addresses in it as links.

use leptos::prelude::*;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Link(&'a str),
}

/// The text, its lines kept. Only addresses of the web become links, so that no text can run a script; and they say nothing of us to
/// where they lead.
#[component]
pub fn Linked(
    /// The text.
    text: String,
) -> impl IntoView {
    let pieces: Vec<_> = pieces(&text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned().into_any(),
            Piece::Link(url) => {
                let (href, shown) = (url.to_owned(), url.to_owned());
                view! { <a href=href rel="noopener noreferrer nofollow" target="_blank">{shown}</a> }
                    .into_any()
            }
        })
        .collect();
    view! { <p class="linked">{pieces}</p> }
}

/// Cuts a text into addresses and what stands between them.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(start) = begin(rest) {
        let (before, from) = rest.split_at(start);
        let end =
            from.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(from.len());
        let (url, after) = from.split_at(trimmed(&from[..end]));
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Link(url));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Where the next address begins: at a scheme with something behind it, and at the start of a word.
fn begin(text: &str) -> Option<usize> {
    let schemes = ["https://", "http://"];
    let starts = text.match_indices("http").filter(|(at, _)| {
        let is_word = text[..*at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        is_word
            && schemes.iter().any(|scheme| {
                text[*at..]
                    .strip_prefix(scheme)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
            })
    });
    starts.map(|(at, _)| at).next()
}

/// How much of an address belongs to it: what ends a sentence does not, nor a bracket that was opened before it.
fn trimmed(url: &str) -> usize {
    let mut end = url.len();
    while let Some(last) = url[..end].chars().next_back() {
        let is_closing = last == ')' && url[..end].matches(')').count() > url[..end].matches('(').count();
        if !is_closing && !matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'') {
            break;
        }
        end -= last.len_utf8();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        let all = pieces(text);
        let whole: String = all
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) | Piece::Link(text) => *text,
            })
            .collect();
        assert_eq!(whole, text, "nothing is lost");
        all.iter()
            .filter_map(|piece| match piece {
                Piece::Link(url) => Some(*url),
                Piece::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn addresses_are_links_without_what_ends_the_sentence() {
        let text = "Runbook: https://wiki.example.org/a_(b)?x=1&y=2.\nSee (http://x.org/), or \"https://ü.example/\"!";
        assert_eq!(
            links(text),
            ["https://wiki.example.org/a_(b)?x=1&y=2", "http://x.org/", "https://ü.example/"]
        );
    }

    #[test]
    fn nothing_else_is_a_link() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "xhttps://a.org",
            "ftp://a.org",
            "http",
            "",
        ] {
            assert!(links(text).is_empty(), "{text}");
        }
        assert_eq!(links("https://a.org<script>"), ["https://a.org"]);
    }
}
