//! How a message reads as a mail.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use domain::alert::AlertKind;
use domain::days;
use domain::integration::EmailSettings;
use domain::message::{Body, IncidentFacts, Message, duration_words};
use domain::time::Timestamp;
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::super::words::{Tone, fit, length_label, link};
use super::super::{Attempting, DeliveryError};
use super::MailSettings;
use super::html;

/// The longest subject, in UTF-16 units: what a line of a mailbox shows, and far from the 998 of RFC 5322.
const MAX_SUBJECT: usize = 200;
/// The most lines of a text: the payload of an event has as many as its sender likes.
const MAX_LINES: usize = 200;
/// The longest line of a text, in UTF-16 units.
const MAX_LINE: usize = 1_000;

/// A mail as it is sent.
#[derive(Debug)]
pub(super) struct Letter {
    /// Its subject.
    pub(super) subject: String,
    /// Its id, with angle brackets.
    pub(super) message_id: String,
    /// Its plain half.
    pub(super) text: String,
    /// All of it, headers first.
    pub(super) bytes: Vec<u8>,
}

/// What both halves of a mail say.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) tone: Tone,
    pub(super) headline: String,
    pub(super) lines: Vec<String>,
    /// What was written down about the monitor, line by line.
    pub(super) notes: Vec<String>,
    /// Labels and values.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) link: Option<String>,
    /// What the link does.
    pub(super) does: &'static str,
    /// Why it was sent.
    pub(super) footer: String,
}

/// Writes the mail.
///
/// # Errors
/// When an address is none.
pub(super) fn write(
    settings: &EmailSettings,
    mail: &MailSettings,
    message: &Message,
    attempting: &Attempting<'_>,
) -> Result<Letter, DeliveryError> {
    let incident = incident(message).map(|incident| incident.id.to_string());
    assemble(
        subject(settings, message),
        &content(message, attempting.now),
        &settings.email,
        incident,
        mail,
        attempting,
    )
}

/// Puts a mail together: headers, and both halves.
///
/// # Errors
/// When an address is none.
pub(super) fn assemble(
    subject: String,
    content: &Content,
    receivers: &[String],
    incident: Option<String>,
    mail: &MailSettings,
    attempting: &Attempting<'_>,
) -> Result<Letter, DeliveryError> {
    let from = address(&mail.from).ok_or_else(|| {
        DeliveryError::permanent(format!("mail.from is “{}”, which is no address.", mail.from))
    })?;
    // RFC 5322, 3.6.4: the right half is a domain of ours, so that nobody else makes the same id.
    let message_id = format!("<{}@{}>", attempting.id, from.domain());
    let text = text(content);
    let mut builder = lettre::Message::builder()
        .from(Mailbox::new(mail.from_name.clone(), from))
        .date(UNIX_EPOCH + Duration::from_millis(u64::try_from(attempting.now.0).unwrap_or(0)))
        .subject(subject.clone())
        .message_id(Some(message_id.clone()));
    for receiver in receivers {
        let receiver = address(receiver).ok_or_else(|| {
            DeliveryError::permanent(format!("“{receiver}” is no e-mail address: change the integration."))
        })?;
        builder = builder.to(Mailbox::new(None, receiver));
    }
    if let Some(first) = attempting.external_id.filter(|first| *first != message_id && is_message_id(first)) {
        builder = builder.in_reply_to(first.to_owned()).references(first.to_owned());
    }
    // RFC 3834, 5: nobody's holiday reply shall answer it.
    builder = builder.raw_header(HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    ));
    if let Some(incident) = incident {
        builder = builder
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("X-Pharos-Incident"), incident));
    }
    // Made of the id rather than of chance, so that a second attempt sends the same bytes. `=_` stands in no encoded text.
    let halves = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("=_{}", attempting.id))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text.clone()))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(html::write(content)));
    let built = builder.multipart(halves).map_err(|error| DeliveryError::permanent(error.to_string()))?;
    Ok(Letter { subject, message_id, text, bytes: built.formatted() })
}

fn address(text: &str) -> Option<Address> {
    domain::integration::email::is_address(text).then(|| text.parse().ok()).flatten()
}

/// Whether an external id came from here: another provider's would break the header.
fn is_message_id(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>') && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn incident(message: &Message) -> Option<&IncidentFacts> {
    match &message.body {
        Body::Alert(alert) => Some(&alert.incident),
        Body::Acknowledged(taken) => Some(&taken.incident),
        Body::Group(_) | Body::Event(_) => None,
    }
}

/// The same for each mail about an incident but for words in brackets, which mail programs leave aside when they look for a thread
/// (RFC 5256, 2.1); a prefix of the settings comes first in all of them, for filters.
fn subject(settings: &EmailSettings, message: &Message) -> String {
    let mark = match &message.body {
        Body::Alert(alert) => match alert.kind {
            AlertKind::Error => "",
            AlertKind::Reminder => "[Still down] ",
            AlertKind::Ok if alert.incident.ended.is_some() => "[Closed] ",
            AlertKind::Ok => "[Resolved] ",
        },
        Body::Acknowledged(_) => "[Taken on] ",
        Body::Group(_) | Body::Event(_) => "",
    };
    let test = if message.alert().is_some_and(|alert| alert.test) { "Test: " } else { "" };
    let stem = incident(message).map_or_else(|| message.headline(), |incident| incident.title.clone());
    let prefix = settings.subject_prefix.trim();
    let space = if prefix.is_empty() { "" } else { " " };
    let subject = format!("{prefix}{space}{mark}{test}{stem}");
    fit(&plain(&subject), MAX_SUBJECT)
}

/// One line: what would end a header or a line is a space.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn content(message: &Message, now: Timestamp) -> Content {
    let zone = days::zone(&message.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let time = |at: Timestamp| time_words(at, &zone);
    let (facts, footer) = match &message.body {
        Body::Alert(alert) => {
            let incident = &alert.incident;
            let mut facts = vec![("Began", time(incident.started_at))];
            if let Some(resolved) = incident.resolved_at.filter(|_| alert.kind == AlertKind::Ok) {
                facts.push(("Ended", time(resolved)));
            }
            let label = length_label(alert.kind == AlertKind::Ok);
            facts.push((label, duration_words(alert.duration(now))));
            let seen = &alert.seen;
            facts.extend(seen.status.map(|status| ("HTTP status", status.to_string())));
            facts.extend(seen.address.clone().map(|address| ("Address", address)));
            facts.extend(seen.certificate_until.map(|until| ("Certificate until", time(until))));
            let footer = match &alert.level {
                Some(level) => format!("Sent by Pharos: “{}”, level {}.", level.name, level.number),
                None => "Sent by Pharos.".to_owned(),
            };
            (facts, footer)
        }
        Body::Group(group) => {
            let first = group.outages.iter().map(|(_, incident)| incident.started_at).min();
            let facts = first.map(|first| ("First began", time(first))).into_iter().collect();
            (facts, "Sent by Pharos as one mail, because much happened at once.".to_owned())
        }
        Body::Acknowledged(taken) => {
            let facts = vec![("Began", time(taken.incident.started_at)), ("Taken on by", taken.by.clone())];
            (facts, "Sent by Pharos.".to_owned())
        }
        Body::Event(event) => (Vec::new(), format!("Sent by Pharos for the subscription “{}”.", event.name)),
    };
    let lines = lines(&message.text(now));
    // Whoever hears that all is well need not know what to do.
    let notes = message.alert().filter(|alert| alert.kind != AlertKind::Ok);
    let notes = notes.map(|alert| self::lines(&alert.monitor.notes.text)).unwrap_or_default();
    let facts =
        facts.into_iter().map(|(label, value): (_, String)| (label, fit(&plain(&value), MAX_LINE))).collect();
    let headline = fit(&plain(&message.headline()), MAX_LINE);
    Content {
        tone: Tone::of(message),
        headline,
        lines,
        notes,
        facts,
        link: link(message),
        does: "Open in Pharos",
        footer: plain(&footer),
    }
}

/// A text as lines that a mail can carry.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().take(MAX_LINES).map(|line| fit(&plain(line), MAX_LINE)).collect();
    let more = text.lines().count().saturating_sub(MAX_LINES);
    if more > 0 {
        lines.push(format!("And {more} more."));
    }
    lines
}

/// A time as people read it, with its zone.
fn time_words(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_| at.to_rfc3339(),
        |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

fn text(content: &Content) -> String {
    let mut text = format!("{}\n\n", content.headline);
    // Writing to a string does not fail.
    for line in &content.lines {
        text.push_str(line);
        text.push('\n');
    }
    if !content.notes.is_empty() {
        text.push_str("\nNotes:\n");
    }
    for line in &content.notes {
        text.push_str(line);
        text.push('\n');
    }
    if !content.facts.is_empty() {
        text.push('\n');
    }
    for (label, value) in &content.facts {
        let _ = writeln!(text, "{label}: {value}");
    }
    if let Some(link) = &content.link {
        let _ = writeln!(text, "\n{link}");
    }
    // What mail programs know as a signature, and leave out of answers (RFC 3676, 4.3).
    let _ = writeln!(text, "\n-- \n{}", content.footer);
    // RFC 5322, 2.3: lines of a mail end with both.
    text.replace('\n', "\r\n")
}
