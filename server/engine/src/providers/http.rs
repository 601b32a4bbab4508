//! Calls over HTTP: one client, one way of noting what was said, one verdict for each status.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::custom::NOT_FOLLOWED;
use domain::time::Timestamp;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url};

use super::{Attempting, DeliveryError, MailSettings, TwilioSettings, hidden, pause, ssh, unanswered};
use crate::checks::{Names, TargetPolicy};

/// The most of an answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// The most of an answer that stands in an error, in characters.
const MAX_QUOTE: usize = 200;

/// Sends messages: the trust and the policy of checks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Client,
    policy: Arc<TargetPolicy>,
    pub(super) names: Names,
    /// What must not stand in the log of those that were asked before.
    pub(super) addresses: hidden::Addresses,
    /// Trusts whom checks trust, and refuses everybody else.
    pub(super) tls: Arc<rustls::ClientConfig>,
    mail: Option<Arc<MailSettings>>,
    sms: Option<Arc<TwilioSettings>>,
    /// Which servers are being restarted by this process, or were.
    pub(super) runs: Arc<ssh::Runs>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// How long it may take, the answer included.
    pub timeout: Duration,
    /// Texts that must not stand in the log.
    pub secrets: Vec<String>,
    /// What was read of an address before, most likely of [`Self::url`]: to read it twice for each message costs.
    pub known: Option<Url>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers, in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it is read.
    pub body: String,
    /// When it was asked for.
    pub at: Timestamp,
}

impl Call {
    /// A POST of JSON.
    pub fn json(url: impl Into<String>, body: &serde_json::Value) -> Self {
        Self {
            method: Method::POST,
            url: url.into(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string(),
            timeout: Duration::from_secs(10),
            secrets: Vec::new(),
            known: None,
        }
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a text more that must not stand in the log.
    #[must_use]
    pub fn secret(mut self, text: impl Into<String>) -> Self {
        self.secrets.push(text.into());
        self
    }

    /// With an address that is a secret, of which no part that may be one must stand in the log either.
    #[must_use]
    pub fn secret_url(mut self, url: &str) -> Self {
        let (secrets, known) = hidden::of_url(url);
        self.secrets.extend(secrets);
        self.known = known;
        self
    }

    fn masked(&self, text: String) -> String {
        domain::mask::masked(text, &self.secrets)
    }

    fn written(&self) -> String {
        self.masked(lines(&format!("{} {}", self.method, self.url), &self.headers, &self.body))
    }
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// How long the other side asks to wait, by its own clock when it says what that shows.
    pub fn retry_after(&self) -> Option<Duration> {
        pause::asked(self.header("retry-after")?, self.header("date"), self.at)
    }

    /// Whether the message was taken, by the table that all providers share; `retry_on` are statuses that may pass whatever they mean
    /// elsewhere.
    ///
    /// # Errors
    /// Whether trying again may help.
    pub fn verdict(&self, retry_on: &[u16]) -> Result<(), DeliveryError> {
        let reason = || format!("HTTP {}{}", self.status, self.quote());
        match self.status {
            200..=299 => Ok(()),
            status if retry_on.contains(&status) => {
                Err(DeliveryError::Retry { after: self.retry_after(), reason: reason() })
            }
            // Time-out, too early, too many, and whatever is wrong on the other side.
            408 | 425 | 429 | 500..=599 => {
                Err(DeliveryError::Retry { after: self.retry_after(), reason: reason() })
            }
            300..=399 => Err(DeliveryError::permanent(format!("{}: {NOT_FOLLOWED}", reason()))),
            401 | 403 => Err(DeliveryError::permanent(format!("{}: check the credentials.", reason()))),
            404 => Err(DeliveryError::permanent(format!("{}: check the address.", reason()))),
            410 => Err(DeliveryError::permanent(format!("{}: the receiver is gone for good.", reason()))),
            _ => Err(DeliveryError::permanent(reason())),
        }
    }

    fn quote(&self) -> String {
        let body = self.body.trim();
        if body.is_empty() {
            return String::new();
        }
        let quote: String =
            body.chars().filter(|character| !character.is_control()).take(MAX_QUOTE).collect();
        format!(": {quote}")
    }
}

impl Outbound {
    /// Messages through a client that resolves under the policy.
    pub(crate) fn new(
        client: Client,
        policy: Arc<TargetPolicy>,
        names: Names,
        tls: Arc<rustls::ClientConfig>,
    ) -> Self {
        let addresses = hidden::Addresses::default();
        Self { client, policy, names, addresses, tls, mail: None, sms: None, runs: Arc::default() }
    }

    /// The same with a mail server, or without one.
    #[must_use]
    pub fn with_mail(self, mail: Option<MailSettings>) -> Self {
        Self { mail: mail.map(Arc::new), ..self }
    }

    /// The same with somebody who carries text messages, or without.
    #[must_use]
    pub fn with_sms(self, sms: Option<TwilioSettings>) -> Self {
        Self { sms: sms.map(Arc::new), ..self }
    }

    /// The mail server of the installation, if it has one.
    pub fn mail(&self) -> Option<&MailSettings> {
        self.mail.as_deref()
    }

    /// Who carries text messages, if anybody does.
    pub fn sms(&self) -> Option<&TwilioSettings> {
        self.sms.as_deref()
    }

    /// Which targets may be reached.
    pub fn policy(&self) -> &TargetPolicy {
        &self.policy
    }

    /// Sends a request and reads the answer; both are noted in the transcript.
    ///
    /// # Errors
    /// `Permanent` for an address that is none or may not be reached, `Retry` for whatever happens on the way.
    pub async fn send(&self, call: Call, attempting: &Attempting<'_>) -> Result<Answer, DeliveryError> {
        attempting.transcript.sent(call.written());
        let result = self.answer(&call, attempting.now).await;
        match &result {
            Ok(answer) => {
                let text = lines(&format!("HTTP {}", answer.status), &answer.headers, &answer.body);
                attempting.transcript.answered(Some(answer.status), call.masked(text));
            }
            Err(error) => attempting.transcript.answered(None, call.masked(error.to_string())),
        }
        // An answer may repeat what was sent, and an error quotes the answer.
        result.map(|answer| Answer { body: call.masked(answer.body), ..answer })
    }

    /// Sends a request for a caller that notes and masks by itself, because it needs the answer as it came, secrets included. An answer
    /// that breaks off is none; of a longer one than `most` bytes a little more than that is read. `at` is now.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(super) async fn exchange(
        &self,
        call: &Call,
        most: usize,
        at: Timestamp,
    ) -> Result<Answer, DeliveryError> {
        let mut response = self.ask(call).await?;
        let mut body = Vec::new();
        while body.len() <= most
            && let Some(chunk) = response.chunk().await.map_err(|error| failed(&error, call))?
        {
            body.extend_from_slice(&chunk);
        }
        Ok(read(&response, &body, at))
    }

    async fn answer(&self, call: &Call, at: Timestamp) -> Result<Answer, DeliveryError> {
        let mut response = self.ask(call).await?;
        let mut body = Vec::new();
        while body.len() < MAX_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status says whether the message was taken; the rest of the answer is for the log.
                Err(_) if response.status().is_success() => break,
                Err(error) => return Err(failed(&error, call)),
            }
        }
        body.truncate(MAX_ANSWER);
        Ok(read(&response, &body, at))
    }

    async fn ask(&self, call: &Call) -> Result<Response, DeliveryError> {
        let url = self.judge(call)?;
        let mut request = self.client.request(call.method.clone(), url).timeout(call.timeout);
        for (name, value) in &call.headers {
            // From bytes, because names of monitors go into headers too, and not all of them are ASCII.
            let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
            else {
                let reason =
                    format!("The header “{name}” has line breaks or control characters; remove them.");
                return Err(DeliveryError::permanent(reason));
            };
            request = request.header(name, value);
        }
        request.body(call.body.clone()).send().await.map_err(|error| failed(&error, call))
    }

    /// An address in a URL never reaches the resolver, so it is judged here.
    fn judge(&self, call: &Call) -> Result<Url, DeliveryError> {
        // One that is written otherwise, or was changed since, is read again.
        let known = call.known.clone().filter(|url| url.as_str() == call.url);
        let url = known.or_else(|| Url::parse(&call.url).ok());
        let url = url
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| DeliveryError::permanent("The address is no http or https URL."))?;
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let judged = match bare.parse::<IpAddr>() {
            Ok(address) => self.policy.judge(address),
            Err(_) => self.policy.judge_name(host),
        };
        judged.map_err(|refusal| {
            DeliveryError::permanent(format!("{host} may not be reached from here: {}.", refusal.why()))
        })?;
        Ok(url)
    }
}

fn read(response: &Response, body: &[u8], at: Timestamp) -> Answer {
    let headers = response.headers().iter();
    Answer {
        status: response.status().as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: String::from_utf8_lossy(body).into_owned(),
        at,
    }
}

/// A request or an answer as people read it.
pub(super) fn lines(first: &str, headers: &[(String, String)], body: &str) -> String {
    let heads: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
    let mut text = String::with_capacity(first.len() + heads + body.len() + 2);
    text.push_str(first);
    for (name, value) in headers {
        for part in ["\n", name, ": ", value] {
            text.push_str(part);
        }
    }
    text.push_str("\n\n");
    text.push_str(body);
    text
}

fn failed(error: &reqwest::Error, call: &Call) -> DeliveryError {
    match unanswered::meaning(error, &call.url, call.timeout) {
        DeliveryError::Retry { after, reason } => DeliveryError::Retry { after, reason: call.masked(reason) },
        DeliveryError::Permanent { reason } => DeliveryError::permanent(call.masked(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::pause::MAX_PAUSE;
    use super::*;

    /// 1994-11-06T08:49:00Z.
    const NOW: Timestamp = Timestamp(784_111_740_000);

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: "why".to_owned(), at: NOW }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_stays_is_not() {
        for status in [200, 201, 202, 204] {
            assert_eq!(answer(status, &[]).verdict(&[]), Ok(()), "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(matches!(answer(status, &[]).verdict(&[]), Err(DeliveryError::Retry { .. })), "{status}");
        }
        for status in [301, 302, 307, 400, 401, 403, 404, 405, 410, 413, 422] {
            assert!(
                matches!(answer(status, &[]).verdict(&[]), Err(DeliveryError::Permanent { .. })),
                "{status}"
            );
        }
        assert!(matches!(answer(409, &[]).verdict(&[409]), Err(DeliveryError::Retry { .. })));
    }

    #[test]
    fn retry_after_replaces_the_usual_pause_and_is_bounded() {
        let after = |value| match answer(429, &[("Retry-After", value)]).verdict(&[]) {
            Err(DeliveryError::Retry { after, .. }) => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("999999999"), Some(MAX_PAUSE));
        assert_eq!(after("-1"), None);
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(37)));
        assert_eq!(after("Wed, 21 Oct 2026 07:28:00 GMT"), Some(MAX_PAUSE));
    }

    #[test]
    fn a_date_is_one_of_the_other_sides_clock() {
        let slow =
            [("Date", "Sun, 06 Nov 1994 07:00:00 GMT"), ("Retry-After", "Sun, 06 Nov 1994 07:02:00 GMT")];
        assert_eq!(answer(503, &slow).retry_after(), Some(Duration::from_mins(2)));
        let broken = [("Date", "soon"), ("Retry-After", "Sun, 06 Nov 1994 08:50:00 GMT")];
        assert_eq!(answer(503, &broken).retry_after(), Some(Duration::from_mins(1)));
    }

    #[test]
    fn a_secret_does_not_stand_in_what_is_written() {
        let call = Call::json("https://hooks.example/T0KEN", &serde_json::json!({ "key": "S3CRET" }))
            .header("authorization", "Bearer S3CRET")
            .secret("S3CRET")
            .secret("https://hooks.example/T0KEN");
        let written = call.written();
        assert!(!written.contains("S3CRET") && !written.contains("T0KEN"), "{written}");
    }
}
