//! Whether a phone number is somebody's own: a code is sent to it, and who reads it out has the phone.
//!
//! Twilio Verify where the installation has a service of it (contracts.md 8.4); else codes made here and sent as messages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::DeliveryId;
use domain::integration::sms::phone_number;
use domain::time::{MINUTE, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::sms;
use super::{Answer, Attempting, Call, DeliveryError, Outbound, Transcript};
use crate::chance::Chance;
use crate::clock::Clock;

/// Digits of a code.
const DIGITS: usize = 6;
/// How long a code holds, in milliseconds.
const LIFETIME: i64 = 10 * MINUTE;
/// The shortest time between two codes to one number, in milliseconds.
const PAUSE: i64 = MINUTE;
/// How often a code may be guessed.
const TRIES: u32 = 5;
/// Numbers that may wait for their code at a time: what memory this may take, whoever asks.
const MOST: usize = 10_000;

/// Why a number was not verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is no phone number, or none that can receive messages.
    #[error("this is no phone number that can receive text messages")]
    InvalidNumber,
    /// A code was sent a moment ago.
    #[error("a code was sent a moment ago; wait a minute before you ask for another one")]
    TooOften,
    /// The code could not be sent, or not be checked.
    #[error("{0}")]
    ProviderFailed(String),
    /// It is another code.
    #[error("this is not the code that was sent")]
    WrongCode,
    /// There is no code to compare with: it is too old, was used, or was guessed too often.
    #[error("the code has expired; ask for a new one")]
    Expired,
}

/// Sends codes and checks them. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Verifier {
    /// Twilio Verify makes, sends and checks them.
    Twilio(Caller),
    /// They are made and checked here, and sent as messages. They are known to this process alone: with several nodes, use Twilio
    /// Verify.
    Local(Caller, Arc<Codes>),
}

/// What both kinds call with.
#[derive(Clone, Debug)]
pub struct Caller {
    outbound: Outbound,
    clock: Clock,
    chance: Chance,
}

impl Verifier {
    /// What the installation's settings ask for. Make one and keep it: the codes of [`Self::Local`] are in it.
    pub fn new(outbound: Outbound, clock: Clock, chance: Chance) -> Self {
        let twilio = outbound.sms().is_some_and(|sms| sms.verify_service.is_some());
        let codes = Arc::new(Codes::new(&chance));
        let caller = Caller { outbound, clock, chance };
        if twilio { Self::Twilio(caller) } else { Self::Local(caller, codes) }
    }

    /// Sends a code to a number.
    ///
    /// # Errors
    /// `InvalidNumber`, `TooOften` or `ProviderFailed`.
    pub async fn start(&self, phone: &str) -> Result<(), VerifyError> {
        let phone = phone_number(phone).ok_or(VerifyError::InvalidNumber)?;
        match self {
            Self::Twilio(caller) => {
                let fields = [("To", phone.as_str()), ("Channel", "sms")];
                let answer = caller.verify("Verifications", &fields).await?;
                judge(&answer)
            }
            Self::Local(caller, codes) => {
                let code = codes.make(&phone, caller.clock.now(), &caller.chance)?;
                let sent = caller.text(&phone, &code).await;
                if sent.is_err() {
                    // Nobody has it, so nobody need wait for the next one.
                    codes.forget(&phone);
                }
                sent
            }
        }
    }

    /// Checks the code that somebody read on the phone of a number. A code holds once.
    ///
    /// # Errors
    /// `InvalidNumber`, `WrongCode`, `Expired` or `ProviderFailed`.
    pub async fn check(&self, phone: &str, code: &str) -> Result<(), VerifyError> {
        let phone = phone_number(phone).ok_or(VerifyError::InvalidNumber)?;
        let code: String = code.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
        if code.is_empty() || code.len() > 10 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VerifyError::WrongCode);
        }
        match self {
            Self::Twilio(caller) => {
                let fields = [("To", phone.as_str()), ("Code", code.as_str())];
                let answer = caller.verify("VerificationCheck", &fields).await?;
                // Approved before, too old, or guessed too often: Twilio has forgotten it.
                if answer.status == 404 {
                    return Err(VerifyError::Expired);
                }
                judge(&answer)?;
                let json = answer.json().unwrap_or_default();
                match json.get("status").and_then(Value::as_str) {
                    Some("approved") => Ok(()),
                    Some("pending") => Err(VerifyError::WrongCode),
                    _ => Err(VerifyError::Expired),
                }
            }
            Self::Local(caller, codes) => codes.check(&phone, &code, caller.clock.now()),
        }
    }
}

impl Caller {
    async fn verify(&self, what: &str, fields: &[(&str, &str)]) -> Result<Answer, VerifyError> {
        let (Some(twilio), Some(service)) =
            (self.outbound.sms(), self.outbound.sms().and_then(|sms| sms.verify_service.as_ref()))
        else {
            return Err(not_configured());
        };
        let url = format!("{}/v2/Services/{service}/{what}", twilio.verify_url);
        self.send(twilio.call(Method::POST, url, fields)).await
    }

    async fn text(&self, phone: &str, code: &str) -> Result<(), VerifyError> {
        let twilio = self.outbound.sms().ok_or_else(not_configured)?;
        // Phones offer to fill in what such a sentence begins with.
        let text = format!("{code} is your code for Pharos. It holds for {} minutes.", LIFETIME / MINUTE);
        let answer = self.send(twilio.message(phone, &text)).await?;
        judge(&answer)?;
        sms::taken(&answer).map(|_| ()).map_err(|error| VerifyError::ProviderFailed(error.to_string()))
    }

    async fn send(&self, call: Call) -> Result<Answer, VerifyError> {
        let id = DeliveryId::new(self.chance.bytes());
        let attempting = Attempting {
            id: &id,
            external_id: None,
            further_ids: &[],
            attempts: 0,
            unconfirmed: &[],
            last_delivered: None,
            now: self.clock.now(),
            chance: &self.chance,
            // Codes stand in it, so nobody keeps it.
            transcript: Transcript::default(),
        };
        let sent = self.outbound.send(call, &attempting).await;
        sent.map_err(|error: DeliveryError| VerifyError::ProviderFailed(error.to_string()))
    }
}

/// What Twilio's codes mean to somebody who wants to be sent a code.
fn judge(answer: &Answer) -> Result<(), VerifyError> {
    match sms::code(answer) {
        _ if (200..300).contains(&answer.status) => Ok(()),
        // Invalid, a landline, or not a number at all.
        Some(60200 | 60205 | 21211 | 21614) => Err(VerifyError::InvalidNumber),
        // Sent too often, and too many requests.
        Some(60203 | 20429) => Err(VerifyError::TooOften),
        Some(60202) => Err(VerifyError::Expired),
        _ if answer.status == 429 => Err(VerifyError::TooOften),
        _ => sms::judge(answer).map_err(|error| VerifyError::ProviderFailed(error.to_string())),
    }
}

fn not_configured() -> VerifyError {
    VerifyError::ProviderFailed(
        "This installation cannot send text messages: fill in sms.account_sid, sms.auth_token and sms.from in its configuration."
            .to_owned(),
    )
}

/// The codes that wait for somebody to read them out.
pub struct Codes {
    /// Of this process alone, so that a dump of its codes is of no use to others.
    key: [u8; 32],
    waiting: Mutex<HashMap<String, Waiting>>,
}

struct Waiting {
    hash: [u8; 32],
    sent: Timestamp,
    tries: u32,
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Codes")
    }
}

impl Codes {
    fn new(chance: &Chance) -> Self {
        Self { key: chance.bytes(), waiting: Mutex::default() }
    }

    /// Makes a code for a number and remembers its hash.
    fn make(&self, phone: &str, now: Timestamp, chance: &Chance) -> Result<String, VerifyError> {
        let mut waiting = self.waiting();
        if waiting.get(phone).is_some_and(|known| now.since(known.sent) < PAUSE) {
            return Err(VerifyError::TooOften);
        }
        if waiting.len() >= MOST {
            waiting.retain(|_, known| now.since(known.sent) < LIFETIME);
        }
        if waiting.len() >= MOST && !waiting.contains_key(phone) {
            return Err(VerifyError::TooOften);
        }
        // 64 bits, so that no code is noticeably likelier than another.
        let code = format!("{:0DIGITS$}", u64::from_le_bytes(chance.bytes()) % 1_000_000);
        waiting.insert(phone.to_owned(), Waiting { hash: self.hash(phone, &code), sent: now, tries: 0 });
        Ok(code)
    }

    fn check(&self, phone: &str, code: &str, now: Timestamp) -> Result<(), VerifyError> {
        let mut waiting = self.waiting();
        let known = waiting.get_mut(phone).ok_or(VerifyError::Expired)?;
        // One that was guessed too often stays until its minute is over, or guessing could begin anew at once.
        if now.since(known.sent) >= LIFETIME || known.tries >= TRIES {
            return Err(VerifyError::Expired);
        }
        known.tries += 1;
        if bool::from(known.hash.ct_eq(&self.hash(phone, code))) {
            waiting.remove(phone);
            return Ok(());
        }
        Err(VerifyError::WrongCode)
    }

    fn forget(&self, phone: &str) {
        self.waiting().remove(phone);
    }

    fn hash(&self, phone: &str, code: &str) -> [u8; 32] {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return [0; 32] };
        mac.update(format!("{phone} {code}").as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "+15550100199";

    fn codes() -> (Codes, Chance) {
        let chance = Chance::seeded(3);
        (Codes::new(&chance), chance)
    }

    #[test]
    fn a_code_holds_once_and_for_ten_minutes() {
        let (codes, chance) = codes();
        let code = codes.make(PHONE, Timestamp(0), &chance).unwrap();
        assert!(code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        assert_eq!(codes.check("+15550100198", &code, Timestamp(1)), Err(VerifyError::Expired));
        assert_eq!(codes.check(PHONE, &code, Timestamp(1)), Ok(()));
        assert_eq!(codes.check(PHONE, &code, Timestamp(2)), Err(VerifyError::Expired));
        let code = codes.make(PHONE, Timestamp(3), &chance).unwrap();
        assert_eq!(codes.check(PHONE, &code, Timestamp(3 + LIFETIME)), Err(VerifyError::Expired));
    }

    #[test]
    fn five_guesses_use_a_code_up_and_the_next_comes_a_minute_later() {
        let (codes, chance) = codes();
        let code = codes.make(PHONE, Timestamp(0), &chance).unwrap();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..TRIES {
            assert_eq!(codes.check(PHONE, wrong, Timestamp(1)), Err(VerifyError::WrongCode));
        }
        assert_eq!(codes.check(PHONE, &code, Timestamp(2)), Err(VerifyError::Expired));
        assert_eq!(codes.make(PHONE, Timestamp(PAUSE - 1), &chance), Err(VerifyError::TooOften));
        assert!(codes.make(PHONE, Timestamp(PAUSE), &chance).is_ok());
    }

    #[test]
    fn memory_is_bounded_and_old_codes_make_room() {
        let (codes, chance) = codes();
        for number in 0..MOST {
            codes.make(&format!("+1555{number:07}"), Timestamp(0), &chance).unwrap();
        }
        assert_eq!(codes.make(PHONE, Timestamp(1), &chance), Err(VerifyError::TooOften));
        assert!(codes.make(PHONE, Timestamp(LIFETIME), &chance).is_ok());
        assert_eq!(codes.waiting().len(), 1);
    }
}
