//! One step: its request, its answer, and what the two mean.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::check::redact::is_sensitive;
use domain::custom::{
    HttpStep, MAX_BODY_BYTES, RenderedAuth, RenderedRequest, Response, assertions, captures, failure,
    render_request,
};
use domain::form::Choice as _;
use domain::template::Scope;
use reqwest::Method;
use tokio::time::Instant;

use super::STEP_SECONDS;
use super::cookies::Jar;
use super::digest::{Asked, challenge};
use crate::providers::http::{Answer, Call, Outbound, lines};
use crate::providers::{Attempting, DeliveryError};

/// What the log keeps of all bodies of one side, in bytes; each step has its share.
const LOGGED: usize = 12 * 1024;
/// What stands in the log in the place of a secret.
const MASK: &str = domain::secret::MASK;

/// Which step it is, for people.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// From 1 on.
    pub(super) number: usize,
    /// How many there are.
    pub(super) of: usize,
    /// What the author calls it; may be empty.
    pub(super) name: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            "" => write!(f, "Step {}", self.number),
            name => write!(f, "Step {} ({name})", self.number),
        }
    }
}

/// A run through the steps, and what they leave to one another.
pub(super) struct Run<'a> {
    outbound: &'a Outbound,
    attempting: &'a Attempting<'a>,
    scope: Scope,
    jar: Jar,
}

impl<'a> Run<'a> {
    pub(super) fn new(outbound: &'a Outbound, attempting: &'a Attempting<'a>, scope: Scope) -> Self {
        Self { outbound, attempting, scope, jar: Jar::default() }
    }

    /// Runs a step.
    ///
    /// # Errors
    /// Why it failed, with its number, and whether running it again may help.
    pub(super) async fn step(&mut self, step: &HttpStep, place: &Place<'_>) -> Result<(), DeliveryError> {
        let request = match render_request(step, &mut self.scope) {
            Ok(request) => request,
            Err(error) => {
                let reason = self.scope.mask(&format!("{place} cannot be filled in. {error}"));
                self.attempting.transcript.sent(reason.clone());
                return Err(DeliveryError::permanent(reason));
            }
        };
        let begun = Instant::now();
        let answered = self.exchange(&request, place).await;
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (response, trouble) = match answered {
            Ok(answer) => {
                let response = self.response(&request, answer, duration_ms);
                self.jar.keep(&request.url, response.set_cookies());
                (response, None)
            }
            // The author may have asserted that nothing answers.
            Err(DeliveryError::Retry { reason, .. }) => (Response::failed(duration_ms), Some(reason)),
            Err(DeliveryError::Permanent { reason }) => {
                let reason = self.scope.mask(&format!("{place}: {reason}"));
                self.attempting.transcript.answered(None, reason.clone());
                return Err(DeliveryError::permanent(reason));
            }
        };
        // Assertions see what was there before the captures. Captures come in any case, to know the secrets before the log is written.
        let results = assertions(step, &response, &mut self.scope);
        let captured = captures(step, &response, &mut self.scope);
        let broken = failure(&results);
        let reason = match (trouble, broken, &captured) {
            (Some(trouble), Some(_), _) => Some(trouble),
            (_, Some(broken), _) => Some(broken),
            (_, None, Err(error)) => Some(error.to_string()),
            (_, None, Ok(_)) => None,
        };
        let mut notes: Vec<_> = captured
            .iter()
            .flatten()
            .map(|captured| format!("{} = {}", captured.variable, captured.shown))
            .collect();
        notes.extend(reason.iter().map(|reason| format!("Failed: {reason}")));
        self.note(&response, place, &notes);
        let Some(reason) = reason else { return Ok(()) };
        let reason = self.scope.mask(&format!("{place}: {reason}"));
        if !response.completed || passes(response.status) {
            let answer = Answer {
                status: response.status,
                headers: response.headers,
                body: String::new(),
                at: self.attempting.now,
            };
            return Err(DeliveryError::Retry { after: answer.retry_after(), reason });
        }
        Err(DeliveryError::permanent(reason))
    }

    /// Sends a request, a second time when the server wants to know who asks. (`mut`, because a scope cannot be shared between threads.)
    async fn exchange(
        &mut self,
        request: &RenderedRequest,
        place: &Place<'_>,
    ) -> Result<Answer, DeliveryError> {
        let mut call = self.call(request);
        self.attempting.transcript.sent(self.shown(request, place));
        let RenderedAuth::Digest { username, password } = &request.auth else {
            return self.outbound.exchange(&call, MAX_BODY_BYTES, self.attempting.now).await;
        };
        let begun = Instant::now();
        let first = self.outbound.exchange(&call, MAX_BODY_BYTES, self.attempting.now).await?;
        let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("www-authenticate");
        let headers = first.headers.iter().filter(named).map(|(_, value)| value.as_str());
        let Some(challenge) = challenge(headers).filter(|_| first.status == 401) else { return Ok(first) };
        let answer = challenge.answer(Asked {
            username,
            password: password.expose(),
            method: call.method.as_str(),
            uri: &request.url[url::Position::BeforePath..url::Position::AfterQuery],
            cnonce: &self.attempting.chance.token(),
        });
        call.headers.push(("authorization".to_owned(), answer));
        call.timeout = call.timeout.saturating_sub(begun.elapsed()).max(Duration::from_secs(1));
        self.attempting
            .transcript
            .answered(Some(401), format!("{place}\nHTTP 401, and asked again with a digest"));
        self.outbound.exchange(&call, MAX_BODY_BYTES, self.attempting.now).await
    }

    fn call(&self, request: &RenderedRequest) -> Call {
        let mut headers = request.headers.clone();
        if let RenderedAuth::Basic { username, password } = &request.auth {
            let pair = BASE64.encode(format!("{username}:{}", password.expose()));
            headers.push(("authorization".to_owned(), format!("Basic {pair}")));
        }
        let cookies = self.jar.of(&request.url);
        if !cookies.is_empty() {
            let written = headers.iter().position(|(name, _)| name.eq_ignore_ascii_case("cookie"));
            // RFC 6265, 5.4: one header.
            let own = written.map(|at| headers.remove(at).1);
            let pairs = cookies.into_iter().map(|(name, value)| format!("{name}={value}"));
            let all: Vec<_> = own.into_iter().chain(pairs).collect();
            headers.push(("cookie".to_owned(), all.join("; ")));
        }
        Call {
            method: Method::from_bytes(request.method.as_str().as_bytes()).unwrap_or(Method::POST),
            url: request.url.to_string(),
            headers,
            body: request.body.clone(),
            timeout: Duration::from_secs(STEP_SECONDS),
            secrets: Vec::new(),
            known: Some(request.url.clone()),
        }
    }

    fn response(&self, request: &RenderedRequest, answer: Answer, duration_ms: u64) -> Response {
        let reason = reqwest::StatusCode::from_u16(answer.status).ok();
        Response {
            completed: true,
            status: answer.status,
            // The words on the wire are lost with HTTP/2, so they are always those of the standard.
            reason: reason.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned(),
            cookies: self.jar.of(&request.url),
            content_length: answer.body.len() as u64,
            headers: answer.headers,
            body: answer.body,
            duration_ms,
        }
    }

    fn shown(&self, request: &RenderedRequest, place: &Place<'_>) -> String {
        let shown = request.shown(&self.scope);
        let mut headers = shown.headers;
        match &request.auth {
            RenderedAuth::None => {}
            RenderedAuth::Basic { .. } => headers.push(("authorization".to_owned(), format!("Basic {MASK}"))),
            RenderedAuth::Digest { .. } => {
                headers.push(("authorization".to_owned(), format!("Digest {MASK}")));
            }
        }
        if !self.jar.of(&request.url).is_empty() {
            headers.push(("cookie".to_owned(), MASK.to_owned()));
        }
        let body = clipped(&shown.body, place);
        format!("{place}\n{}", lines(&format!("{} {}", shown.method, shown.url), &headers, &body))
    }

    /// Notes an answer: what was captured as secret is masked, and headers whose name announces a secret.
    fn note(&self, response: &Response, place: &Place<'_>, notes: &[String]) {
        let first = if response.completed {
            format!("HTTP {} after {} ms", response.status, response.duration_ms)
        } else {
            format!("No answer after {} ms", response.duration_ms)
        };
        let headers: Vec<_> = response
            .headers
            .iter()
            .map(|(name, value)| {
                let value = if is_sensitive(name) { MASK.to_owned() } else { value.clone() };
                (name.clone(), value)
            })
            .collect();
        // Masked before it is cut: half a secret would not be found.
        let body = clipped(&self.scope.mask(&response.body), place);
        let text = self.scope.mask(&format!("{place}\n{}", lines(&first, &headers, "")));
        let text = format!("{}\n\n{body}\n{}", text.trim_end(), self.scope.mask(&notes.join("\n")));
        self.attempting.transcript.answered(response.completed.then_some(response.status), text.trim_end());
    }
}

/// Statuses by which the other side says that it may work later, as in the table that all providers share.
fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// The start of a body, so that one step does not fill the log of all.
fn clipped(body: &str, place: &Place<'_>) -> String {
    let most = LOGGED / place.of.max(1);
    if body.len() <= most {
        return body.to_owned();
    }
    format!("{} … ({} bytes)", &body[..body.floor_char_boundary(most)], body.len())
}
