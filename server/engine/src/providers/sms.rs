//! sms: a short text over Twilio's Messages API (contracts.md 8.4).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::integration::SmsSettings;
use domain::message::{Body, Message};
use domain::secret::Secret;
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::Method;

use super::http::{Answer, Call, Outbound};
use super::parts::Alphabet;
use super::{Attempting, DeliveryError, Provider, Receipt, words};

/// The least that is left of a name, in places: a shorter one names nothing.
const MIN_NAME: usize = 12;

/// Who we are to Twilio.
#[derive(Clone, Debug)]
pub enum TwilioAuth {
    /// The account itself, by its token.
    Token(Secret),
    /// A key of the account, which can be taken back by itself.
    Key {
        /// `SK…`
        sid: String,
        /// Its secret.
        secret: Secret,
    },
}

/// Where messages come from.
#[derive(Clone, Debug)]
pub enum TwilioSender {
    /// A number of the account, or a name where that is allowed.
    From(String),
    /// A messaging service, `MG…`, which chooses a number.
    Service(String),
}

/// Twilio, as the installation uses it.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// `AC…`
    pub account_sid: String,
    /// Who we are.
    pub auth: TwilioAuth,
    /// Where messages come from.
    pub sender: TwilioSender,
    /// The service for codes that prove who owns a number, `VA…`; without one, codes are made here and sent as messages.
    pub verify_service: Option<String>,
    /// Where the Messages API is, without a slash at the end.
    pub api_url: String,
    /// Where the Verify API is, without a slash at the end.
    pub verify_url: String,
}

impl TwilioSettings {
    /// Where Twilio's Messages API is.
    pub const API_URL: &'static str = "https://api.twilio.com";
    /// Where Twilio's Verify API is.
    pub const VERIFY_URL: &'static str = "https://verify.twilio.com";

    /// An account with its token, at the usual addresses.
    pub fn account(account_sid: &str, token: &str, sender: TwilioSender) -> Self {
        Self {
            account_sid: account_sid.to_owned(),
            auth: TwilioAuth::Token(token.into()),
            sender,
            verify_service: None,
            api_url: Self::API_URL.to_owned(),
            verify_url: Self::VERIFY_URL.to_owned(),
        }
    }

    /// A request with our credentials; its body is a form.
    pub(super) fn call(&self, method: Method, url: String, fields: &[(&str, &str)]) -> Call {
        let (user, secret) = match &self.auth {
            TwilioAuth::Token(token) => (&self.account_sid, token),
            TwilioAuth::Key { sid, secret } => (sid, secret),
        };
        let pair = BASE64.encode(format!("{user}:{}", secret.expose()));
        Call {
            method,
            url,
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish(),
            timeout: Duration::from_secs(10),
            secrets: Vec::new(),
            known: None,
        }
        .header("authorization", format!("Basic {pair}"))
        .secret(pair)
        .secret(secret.expose())
    }

    /// The request that sends a text.
    pub(super) fn message(&self, phone_number: &str, text: &str) -> Call {
        let sender = match &self.sender {
            TwilioSender::From(number) => ("From", number.as_str()),
            TwilioSender::Service(service) => ("MessagingServiceSid", service.as_str()),
        };
        self.call(Method::POST, self.messages(), &[("To", phone_number), sender, ("Body", text)])
    }

    fn messages(&self) -> String {
        format!("{}/2010-04-01/Accounts/{}/Messages.json", self.api_url, self.account_sid)
    }
}

impl Provider for SmsSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let call = twilio(outbound)?.message(&self.phone_number, &text(message, attempting.now));
            let sid = taken(&outbound.send(call, attempting).await?)?;
            Ok(Receipt { external_id: sid, ..Receipt::default() })
        }
        .boxed()
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        Some(
            async move {
                let twilio = twilio(outbound)?;
                // Any reading call shows whether the credentials hold, and this one a key may make too, unlike that of the account.
                let to: String = url::form_urlencoded::byte_serialize(self.phone_number.as_bytes()).collect();
                let call = twilio.call(Method::GET, format!("{}?PageSize=1&To={to}", twilio.messages()), &[]);
                judge(&outbound.send(call, attempting).await?)?;
                Ok(format!(
                    "Twilio accepts the credentials; whether {} can be reached, a message shows.",
                    self.phone_number
                ))
            }
            .boxed(),
        )
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(12)
    }
}

fn twilio(outbound: &Outbound) -> Result<&TwilioSettings, DeliveryError> {
    outbound.sms().ok_or_else(|| {
        DeliveryError::permanent(
            "This installation cannot send text messages: fill in sms.account_sid, sms.auth_token and sms.from in its configuration.",
        )
    })
}

/// What Twilio calls the message, if it took it.
pub(super) fn taken(answer: &Answer) -> Result<Option<String>, DeliveryError> {
    judge(answer)?;
    let json = answer.json().unwrap_or_default();
    let word = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
    if matches!(word("status"), Some("failed" | "undelivered")) {
        let why = word("error_message").unwrap_or("it does not say why");
        return Err(DeliveryError::permanent(format!("Twilio could not send the message: {why}")));
    }
    Ok(word("sid").map(str::to_owned))
}

/// The verdict that all providers share, with what Twilio's own codes mean to an operator.
pub(super) fn judge(answer: &Answer) -> Result<(), DeliveryError> {
    let verdict = answer.verdict(&[]);
    let Err(DeliveryError::Permanent { reason }) = verdict else { return verdict };
    let code = code(answer);
    let sentence = match code {
        Some(20003) => "Twilio refuses the credentials: check sms.account_sid and sms.auth_token.",
        Some(20429) => {
            return Err(DeliveryError::Retry { after: answer.retry_after(), reason });
        }
        Some(21211) => "Twilio says that this is no valid phone number: correct it.",
        Some(21408) => {
            "Twilio may not send to this country: allow it in the account's messaging geographic permissions."
        }
        Some(21606) => "The sender cannot send text messages: choose another number in sms.from.",
        Some(21608) => {
            "The Twilio account is a trial, which sends to verified numbers only: verify this one there, or upgrade."
        }
        Some(21610) => {
            "The receiver has unsubscribed by answering STOP: only an answer START from that phone lifts it."
        }
        Some(21612) => {
            "Twilio knows no way from this sender to this number: choose another sender in sms.from."
        }
        Some(21614) => "This number is no mobile phone: enter one that receives text messages.",
        _ => return Err(DeliveryError::Permanent { reason }),
    };
    let code = code.unwrap_or_default();
    Err(DeliveryError::permanent(format!("{sentence} (HTTP {}, code {code})", answer.status)))
}

/// Twilio's own number of an error.
pub(super) fn code(answer: &Answer) -> Option<i64> {
    answer.json()?.get("code")?.as_i64()
}

/// The headline, the reason and where to look, as short as that goes.
fn text(message: &Message, now: Timestamp) -> String {
    let text = composed(message, now, Alphabet::Gsm);
    // What was cut off may be all that the usual alphabet does not have.
    if Alphabet::Gsm.writes(&text) { text } else { composed(message, now, Alphabet::Ucs2) }
}

fn composed(message: &Message, now: Timestamp, alphabet: Alphabet) -> String {
    let room = alphabet.room();
    let link = words::link(message).filter(|link| alphabet.size(link) <= room / 2).unwrap_or_default();
    // So that the reason and the link have room.
    let headline = headline(message, alphabet, room / 3);
    let reason = match &message.body {
        // The payload of an event is for programs.
        Body::Event(_) => String::new(),
        Body::Alert(_) | Body::Acknowledged(_) => {
            message.text(now).lines().next().map(plain).unwrap_or_default()
        }
        Body::Group(group) => {
            let names: Vec<_> = group.outages.iter().map(|(monitor, _)| plain(&monitor.name)).collect();
            let cause = group.cause.as_deref().map(|cause| format!("{} ", plain(cause))).unwrap_or_default();
            format!("{cause}{}", names.join(", "))
        }
    };
    // What stands between the three.
    let room = room.saturating_sub(alphabet.size(&headline) + alphabet.size(&link) + 2);
    let parts = [headline, alphabet.cut(&reason, room), link];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The headline in so many places. A name is cut before what happened to it, which would else be what is missing.
fn headline(message: &Message, alphabet: Alphabet, room: usize) -> String {
    let whole = plain(&message.headline());
    let name = match &message.body {
        Body::Alert(alert) => plain(&alert.monitor.name),
        Body::Acknowledged(taken) => plain(&taken.monitor.name),
        Body::Group(_) | Body::Event(_) => String::new(),
    };
    let beside = alphabet.size(&whole).saturating_sub(alphabet.size(&name));
    let cut = room
        .checked_sub(beside)
        .filter(|left| (MIN_NAME..alphabet.size(&name)).contains(left))
        .map(|left| whole.replacen(&name, &alphabet.cut(&name, left), 1));
    alphabet.cut(&cut.unwrap_or(whole), room)
}

/// One line, with the quotation marks and dashes of the usual alphabet of text messages: a single character beyond it (3GPP TS 23.038)
/// makes parts of 70 characters out of parts of 160.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '‘' | '’' | '‚' => plain.push('\''),
            '–' | '—' | '−' => plain.push('-'),
            '…' => plain.push_str("..."),
            other if other.is_control() || other == '\u{a0}' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}
