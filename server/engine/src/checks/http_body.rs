//! The body of an answer: read no further than needed, then judged.

use std::{
    borrow::Cow,
    collections::HashMap,
    error::Error as StdError,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use domain::check::{
    AssertionResult, Blindness, BodyRules, Failure, HttpSettings, Outcome, Phase,
    evidence::{MAX_EXCERPT_BYTES, excerpt},
};
use domain::template::facts::MAX_RESPONSE_BODY_BYTES;
use encoding_rs::Encoding;
use reqwest::{
    Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};

use super::{
    Probe,
    coding::Packed,
    http::{request_outcome, undecodable},
};

/// The most rule sets that are remembered.
const MAX_REMEMBERED: usize = 1_024;

/// Compiled rules by their text: compiling a pattern takes longer than a check.
#[derive(Debug, Default)]
pub(super) struct RulesCache {
    compiled: Mutex<HashMap<String, Arc<BodyRules>>>,
}

impl RulesCache {
    /// The rules of these settings; `None` when there are none.
    ///
    /// # Errors
    /// A sentence, when stored rules cannot be compiled.
    pub(super) fn get(&self, settings: &HttpSettings) -> Result<Option<Arc<BodyRules>>, String> {
        if settings.keyword.is_none()
            && settings.absent_keyword.is_none()
            && settings.regex.is_none()
            && settings.assertions.is_empty()
        {
            return Ok(None);
        }
        let key = serde_json::to_string(&(
            &settings.keyword,
            &settings.absent_keyword,
            &settings.regex,
            &settings.assertions,
        ))
        .map_err(|error| error.to_string())?;
        let compiled = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rules) = compiled().get(&key) {
            return Ok(Some(Arc::clone(rules)));
        }
        let rules = settings
            .body_rules()
            .map_err(|errors| errors.into_iter().next().map_or_else(String::new, |error| error.message))?;
        let rules = Arc::new(rules);
        let mut compiled = compiled();
        if compiled.len() >= MAX_REMEMBERED {
            compiled.clear();
        }
        compiled.insert(key, Arc::clone(&rules));
        Ok(Some(rules))
    }
}

/// How much of a body is read and kept.
#[derive(Clone, Copy)]
enum Appetite {
    /// All of it up to the limit, to judge or to tell it.
    Keep,
    /// All of it up to the limit, to time it; only its start is kept.
    Time,
}

/// Reads the body of an answer with an accepted status, and judges it.
pub(super) async fn judge_body(response: Response, settings: &HttpSettings, probe: &Probe<'_>) -> Outcome {
    let rules = match probe.shared.rules.get(settings) {
        Ok(rules) => rules,
        Err(message) => return Outcome::Unknown { why: Blindness::Misconfigured { message } },
    };
    let charset = rules.as_ref().and_then(|_| charset(&response));
    let appetite = if rules.is_some() { Appetite::Keep } else { Appetite::Time };
    let limit = u64::from(settings.body_limit_kb) * 1_024;
    let (body, complete) = match read(response, appetite, limit, probe).await {
        Ok(read) => read,
        Err(outcome) => return outcome,
    };
    probe.trace.answered();
    let Some(rules) = rules else {
        if !complete {
            let note = format!("Only the first {limit} bytes of the answer were read.");
            probe.trace.with(|notes| notes.evidence.notes.push(note));
        }
        return Outcome::Up;
    };
    let looks_only = rules.only_look_for_something();
    let (results, failure) = match judge(rules, body, charset, probe).await {
        Ok(judged) => judged,
        Err(outcome) => return outcome,
    };
    // What was looked for and found stays found, whatever comes behind it.
    if !complete && (failure.is_some() || !looks_only) {
        return Outcome::down(Failure::BodyTooLarge { limit_bytes: limit });
    }
    probe.trace.with(|notes| notes.evidence.assertions = results);
    failure.map_or(Outcome::Up, Outcome::down)
}

/// Judges a body, away from the threads of other checks when that may take long; the time-out of the check goes on meanwhile.
async fn judge(
    rules: Arc<BodyRules>,
    body: Vec<u8>,
    charset: Option<String>,
    probe: &Probe<'_>,
) -> Result<(Vec<AssertionResult>, Option<Failure>), Outcome> {
    let elsewhere = rules.may_take_long();
    let answers = probe.tells_answer.then(|| Arc::clone(&probe.shared.answers));
    let trace = Arc::clone(probe.trace);
    let work = move || {
        let text = text(&body, charset.as_deref());
        let judged = rules.judge(&text);
        if judged.1.is_some() {
            trace.with(|notes| notes.answer = answers.and_then(|answers| answers.keep(&text)));
        }
        judged
    };
    if !elsewhere {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| Outcome::Unknown {
        why: Blindness::LocalFault {
            message: format!("the rules for the body could not be judged ({error})"),
        },
    })
}

/// The encoding of its text that an answer names.
fn charset(response: &Response) -> Option<String> {
    let content_type = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters =
        content_type.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("charset"))?;
    Some(charset.trim_matches('"').to_owned())
}

/// A body as text: as its byte order mark says, else as `charset` says, else UTF-8.
fn text<'a>(body: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    let named = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    named.unwrap_or(encoding_rs::UTF_8).decode(body).0
}

/// Reads the body of a refused answer, for people to see: its start, or more where a message tells more.
pub(super) async fn show_body(response: Response, probe: &Probe<'_>) {
    let charset = charset(&response);
    // The status has decided already: a body that breaks off changes nothing, nor does one that never ends.
    let limit = if probe.tells_answer { MAX_RESPONSE_BODY_BYTES } else { MAX_EXCERPT_BYTES };
    if let Ok((body, _)) = read(response, Appetite::Keep, limit as u64, probe).await
        && probe.tells_answer
    {
        let answer = probe.shared.answers.keep(&text(&body, charset.as_deref()));
        probe.trace.with(|notes| notes.answer = answer);
    }
    probe.trace.answered();
}

/// The bytes that were kept, and whether the body ended within the limit. Counted after decompression, chunk by chunk,
/// so that a small answer cannot become a large one in memory.
async fn read(
    mut response: Response,
    appetite: Appetite,
    limit: u64,
    probe: &Probe<'_>,
) -> Result<(Vec<u8>, bool), Outcome> {
    probe.trace.enter(Phase::Download);
    let kept = match appetite {
        Appetite::Keep => usize::try_from(limit).unwrap_or(usize::MAX),
        Appetite::Time => MAX_EXCERPT_BYTES,
    };
    let (mut body, mut length, mut failed) = (Vec::new(), 0_u64, None);
    let mut keep = |bytes: &[u8]| {
        let room = kept.saturating_sub(body.len());
        body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        length += bytes.len() as u64;
        length <= limit
    };
    let mut packed = Packed::of(&response, limit);
    let mut came = false;
    let complete = loop {
        let goes_on = match response.chunk().await {
            Ok(Some(chunk)) => {
                came |= !chunk.is_empty();
                match &mut packed {
                    Some(packed) => packed.unpack(&chunk, &mut keep),
                    None => Ok(keep(&chunk)),
                }
            }
            Ok(None) => break true,
            Err(error) if ends_by_closing(&response) && is_end_without_goodbye(&error) => break true,
            Err(error) => {
                failed = Some(request_outcome(&error, "", probe));
                break false;
            }
        };
        match goes_on {
            Ok(true) => {}
            Ok(false) => break false,
            Err(error) => {
                failed = Some(undecodable(&error));
                break false;
            }
        }
    };
    // Nothing at all needs no decoder.
    if let Some(mut packed) = packed.filter(|_| complete && came)
        && let Err(error) = packed.finish()
    {
        failed = Some(undecodable(&error));
    }
    probe.trace.with(|notes| {
        notes.evidence.body_bytes = Some(length.min(limit));
        notes.evidence.excerpt = (!body.is_empty()).then(|| excerpt(&body));
    });
    match failed {
        Some(outcome) => Err(outcome),
        None => Ok((body, complete)),
    }
}

/// Whether nothing but the end of the connection says where the answer ends.
fn ends_by_closing(response: &Response) -> bool {
    ![CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| response.headers().contains_key(name))
}

/// Whether a server closed its connection without the goodbye of TLS. Where closing is the end of the answer, browsers and curl take it
/// for that, because many servers never say it.
fn is_end_without_goodbye(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return cause.to_string().contains("close_notify");
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_as_it_says_that_it_is_written() {
        assert_eq!(text("Köln".as_bytes(), None), "Köln");
        assert_eq!(text(b"K\xf6ln", Some("iso-8859-1")), "Köln");
        assert_eq!(text(b"\xef\xbb\xbf{}", None), "{}", "a mark is no part of the text");
        assert_eq!(text(b"\xff\xfeK\0", Some("utf-8")), "K", "the mark counts more than the name");
        assert_eq!(text(b"K\xf6ln", Some("nonsense")), "K\u{fffd}ln");
    }
}
