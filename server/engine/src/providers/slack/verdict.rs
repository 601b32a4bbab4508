//! Whether Slack took a message: methods answer 200 even when they fail, webhooks answer with a word.

use serde_json::Value;

use super::super::http::Answer;
use super::super::{DeliveryError, words};

/// Errors that pass by themselves (the methods' pages at docs.slack.dev).
const PASSING: [&str; 8] = [
    "ratelimited",
    "rate_limited",
    "message_limit_exceeded",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "rollup_error",
];

/// What the operator has to do about an error word.
fn remedy(word: &str) -> Option<&'static str> {
    Some(match word {
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "not_allowed_token_type" => {
            "Slack does not accept the bot token; connect Slack once more, or enter a new token"
        }
        "channel_not_found" => {
            "the channel does not exist or the app cannot see it; check its id, and invite the app"
        }
        "not_in_channel" => "the app is not in the channel; invite it there",
        "is_archived" | "channel_is_archived" => "the channel is archived; choose another",
        "missing_scope" | "no_permission" => {
            "the app lacks the scope chat:write; install it once more with that"
        }
        "restricted_action" | "action_prohibited" | "ekm_access_denied" | "access_denied" => {
            "an administrator of the workspace does not allow it; ask there"
        }
        "no_service" | "no_service_id" | "no_team" | "team_disabled" | "invalid_token" => {
            "the webhook was removed or switched off; create a new one and enter its URL"
        }
        "posting_to_general_channel_denied" => "posting there is not allowed; choose another channel",
        "user_not_found" => "the webhook belongs to somebody who is gone; create a new one",
        _ => return None,
    })
}

/// The error word of a method's answer.
pub(super) fn error_of(answer: &Answer) -> Option<String> {
    let json = answer.json()?;
    (json.get("ok") == Some(&Value::Bool(false))).then(|| words::named(Some(&json), "/error"))?
}

/// The answer of a method that worked.
///
/// # Errors
/// Whether trying again may help.
pub(super) fn of_method(answer: &Answer) -> Result<Value, DeliveryError> {
    answer.verdict(&[])?;
    let json = answer.json().unwrap_or_default();
    if json.get("ok") == Some(&Value::Bool(true)) {
        return Ok(json);
    }
    let Some(word) = error_of(answer) else {
        let reason = format!(
            "HTTP {} without an answer of Slack's Web API; check the address of the API.",
            answer.status
        );
        return Err(DeliveryError::permanent(reason));
    };
    Err(judged(&word, answer))
}

/// Whether a webhook took a message.
///
/// # Errors
/// Whether trying again may help.
pub(super) fn of_webhook(answer: &Answer) -> Result<(), DeliveryError> {
    answer.verdict(&[]).map_err(|error| match (error, remedy(answer.body.trim())) {
        (DeliveryError::Permanent { .. }, Some(remedy)) => {
            let word = answer.body.trim();
            DeliveryError::permanent(format!("HTTP {}: Slack says {word}: {remedy}.", answer.status))
        }
        (error, _) => error,
    })
}

fn judged(word: &str, answer: &Answer) -> DeliveryError {
    let word = words::fit(word, 80);
    if PASSING.contains(&word.as_str()) {
        return DeliveryError::Retry { after: answer.retry_after(), reason: format!("Slack says {word}.") };
    }
    DeliveryError::permanent(match remedy(&word) {
        Some(remedy) => format!("Slack says {word}: {remedy}."),
        None => format!("Slack says {word}."),
    })
}
