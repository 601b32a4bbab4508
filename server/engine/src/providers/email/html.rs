//! The half of a mail that has colours. Tables and inline styles, because that is what mail programs understand; no pictures and
//! nothing fetched, because many refuse it; and no colour of text without one behind it, so that it can be read on light and dark.

use super::super::words::Tone;
use super::letter::Content;

/// What everything is set in.
const FONT: &str = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;";

/// Markup that is put together from our own pieces and other people's words.
#[derive(Default)]
struct Markup(String);

impl Markup {
    /// A piece of our own.
    fn own(&mut self, piece: &str) -> &mut Self {
        self.0.push_str(piece);
        self
    }

    /// Somebody's words, in an element or in the quotes of an attribute.
    fn words(&mut self, words: &str) -> &mut Self {
        for character in words.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }
}

/// White on it has a contrast of more than 4.5 (WCAG 2.2, 1.4.3), which it has not on all of the console's.
fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Trouble | Tone::StillTrouble => "#b3261e",
        Tone::Recovery => "#1a7f37",
        Tone::Notice => "#0b57d0",
    }
}

/// Writes the document.
pub(super) fn write(content: &Content) -> String {
    let (mut html, colour) = (Markup::default(), colour(content.tone));
    html.own("<!doctype html>\r\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .own("<meta name=\"viewport\" content=\"width=device-width\">")
        .own("<meta name=\"color-scheme\" content=\"light dark\">")
        .own("<meta name=\"supported-color-schemes\" content=\"light dark\"><title>")
        .words(&content.headline)
        .own("</title></head>\r\n<body style=\"margin:0;padding:16px;\">\r\n")
        .own("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" ")
        .own("style=\"max-width:600px;margin:0 auto;border:1px solid #999999;border-radius:8px;border-collapse:separate;")
        .own(FONT)
        .own("font-size:16px;line-height:1.5;\">\r\n<tr><td style=\"padding:16px 20px;border-radius:7px 7px 0 0;background-color:")
        .own(colour)
        .own(";color:#ffffff;font-size:20px;font-weight:600;\">")
        .words(&content.headline)
        .own("</td></tr>\r\n<tr><td style=\"padding:16px 20px;\">\r\n");
    for line in &content.lines {
        html.own("<p style=\"margin:0 0 8px;overflow-wrap:anywhere;\">").words(line).own("</p>\r\n");
    }
    if !content.notes.is_empty() {
        html.own("<p style=\"margin:12px 0 8px;overflow-wrap:anywhere;\"><strong>Notes</strong>");
        for line in &content.notes {
            html.own("<br>").words(line);
        }
        html.own("</p>\r\n");
    }
    if !content.facts.is_empty() {
        html.own("<table cellpadding=\"0\" cellspacing=\"0\" style=\"margin:12px 0 0;")
            .own(FONT)
            .own("font-size:14px;line-height:1.5;\">\r\n");
        for (label, value) in &content.facts {
            html.own(
                "<tr><th scope=\"row\" align=\"left\" style=\"padding:2px 16px 2px 0;font-weight:600;\">",
            )
            .words(label)
            .own("</th><td style=\"padding:2px 0;overflow-wrap:anywhere;\">")
            .words(value)
            .own("</td></tr>\r\n");
        }
        html.own("</table>\r\n");
    }
    if let Some(link) = &content.link {
        // A cell with a background, because not every program gives one to a link.
        html.own("<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:20px 0 4px;\"><tr>")
            .own("<td style=\"border-radius:6px;background-color:")
            .own(colour)
            .own(";\"><a href=\"")
            .words(link)
            .own("\" style=\"display:inline-block;padding:10px 18px;color:#ffffff;font-weight:600;text-decoration:none;")
            .own(FONT)
            .own("\">")
            .words(content.does)
            .own("</a></td></tr></table>\r\n");
    }
    html.own(
        "</td></tr>\r\n<tr><td style=\"padding:12px 20px;border-top:1px solid #999999;font-size:13px;\">",
    )
    .words(&content.footer)
    .own("</td></tr>\r\n</table>\r\n</body></html>\r\n");
    html.0
}
