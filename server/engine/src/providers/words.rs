//! What providers for people share: whether a message is good news, and how a text is made to fit.

use domain::alert::AlertKind;
use domain::message::{Body, Message};
use serde_json::Value;

use super::http::Answer;

/// Whether a message is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something is wrong.
    Trouble,
    /// It still is.
    StillTrouble,
    /// It is over.
    Recovery,
    /// Neither.
    Notice,
}

impl Tone {
    pub(super) fn of(message: &Message) -> Self {
        match &message.body {
            Body::Alert(alert) => match alert.kind {
                AlertKind::Error => Self::Trouble,
                AlertKind::Reminder => Self::StillTrouble,
                // Closed or watched no more, which says nothing of how it is.
                AlertKind::Ok if alert.incident.ended.is_some() => Self::Notice,
                AlertKind::Ok => Self::Recovery,
            },
            Body::Group(group) if group.is_over() && group.is_unsure() => Self::Notice,
            Body::Group(group) if group.is_over() => Self::Recovery,
            Body::Group(_) => Self::Trouble,
            Body::Acknowledged(_) => Self::Notice,
            Body::Event(event) => match event.event.rsplit('.').next() {
                Some("created" | "degraded") => Self::Trouble,
                Some("resolved" | "healthy") => Self::Recovery,
                _ => Self::Notice,
            },
        }
    }

    /// A colour of the console, as `0xRRGGBB`.
    pub(super) fn colour(self) -> u32 {
        match self {
            Self::Trouble => 0x00dc_2626,
            Self::StillTrouble => 0x00ea_580c,
            Self::Recovery => 0x0016_a34a,
            Self::Notice => 0x0025_63eb,
        }
    }

    /// A sign before the headline: colour alone says nothing to some people, and nothing at all in a notification.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Trouble => "🔴",
            Self::StillTrouble => "🟠",
            Self::Recovery => "🟢",
            Self::Notice => "🔵",
        }
    }
}

/// Where the console shows what a message is about; nothing for a test, whose incident never was.
pub(super) fn link(message: &Message) -> Option<String> {
    message.link().filter(|_| !message.alert().is_some_and(|alert| alert.test))
}

/// The payload of an event as JSON for people; nothing for other messages.
pub(super) fn event_json(message: &Message) -> Option<String> {
    match &message.body {
        Body::Event(event) => Some(serde_json::to_string_pretty(&event.payload).unwrap_or_default()),
        Body::Alert(_) | Body::Group(_) | Body::Acknowledged(_) => None,
    }
}

/// A text of at most `limit` UTF-16 units, which is how most services count and never less than characters; a longer one ends in an
/// ellipsis.
pub(super) fn fit(text: &str, limit: usize) -> String {
    escaped(text, limit, |_| None)
}

/// The same for a text in which some characters are written differently; what is written instead counts too.
pub(super) fn escaped(text: &str, limit: usize, instead: impl Fn(char) -> Option<&'static str>) -> String {
    made_to_fit(text, limit, instead, |piece| piece.encode_utf16().count())
}

/// A text of at most `limit` bytes.
pub(super) fn fit_bytes(text: &str, limit: usize) -> String {
    made_to_fit(text, limit, |_| None, str::len)
}

fn made_to_fit(
    text: &str,
    limit: usize,
    instead: impl Fn(char) -> Option<&'static str>,
    size: impl Fn(&str) -> usize,
) -> String {
    const ELLIPSIS: &str = "…";
    let room = limit.saturating_sub(size(ELLIPSIS));
    let (mut fitted, mut used, mut safe) = (String::with_capacity(text.len().min(limit)), 0, 0);
    let mut buffer = [0; 4];
    for character in text.chars() {
        let piece = instead(character).unwrap_or_else(|| character.encode_utf8(&mut buffer));
        used += size(piece);
        if used > limit {
            fitted.truncate(safe);
            fitted.push_str(ELLIPSIS);
            return fitted;
        }
        fitted.push_str(piece);
        if used <= room {
            safe = fitted.len();
        }
    }
    fitted
}

/// `&`, `<` and `>` as entities: for HTML texts and for Slack.
pub(super) fn entity(character: char) -> Option<&'static str> {
    match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// A text inside a block of code between three backticks, which it cannot end.
pub(super) fn fenced(text: &str) -> String {
    text.replace("```", "`\u{200b}`\u{200b}`")
}

/// What an answer calls the message, from a text or a number at a JSON pointer.
pub(super) fn named(json: Option<&Value>, pointer: &str) -> Option<String> {
    match json?.pointer(pointer)? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// The answer with the pause that its JSON asks for, in seconds at a JSON pointer, unless a header asks for one.
pub(super) fn with_pause(mut answer: Answer, pointer: &str) -> Answer {
    let seconds = answer.json().and_then(|json| json.pointer(pointer)?.as_f64());
    if let Some(seconds) = seconds.filter(|_| answer.header("retry-after").is_none()) {
        answer.headers.push(("retry-after".to_owned(), seconds.to_string()));
    }
    answer
}

/// The headline behind its sign, for titles of at most `limit` UTF-16 units without markup.
pub(super) fn title(message: &Message, limit: usize) -> String {
    fit(&format!("{} {}", Tone::of(message).sign(), message.headline()), limit)
}

/// What the length of an outage is called: one that goes on has not lasted yet.
pub(super) fn length_label(is_over: bool) -> &'static str {
    if is_over { "Lasted" } else { "So far" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_the_border_of_a_character() {
        assert_eq!(fit("four", 4), "four");
        assert_eq!(fit("fives", 4), "fiv…");
        // Two units each.
        assert_eq!(fit("🔴🔴🔴", 6), "🔴🔴🔴");
        assert_eq!(fit("🔴🔴🔴", 5), "🔴🔴…");
        assert_eq!(fit_bytes("äöü", 5), "ä…");
        assert_eq!(fit_bytes("äöü", 6), "äöü");
    }

    #[test]
    fn what_is_escaped_counts_as_it_is_written() {
        assert_eq!(escaped("a<b", 6, entity), "a&lt;b");
        assert_eq!(escaped("a<b", 5, entity), "a…");
        assert_eq!(escaped("<<", 8, entity), "&lt;&lt;");
    }
}
