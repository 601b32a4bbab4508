//! Buttons that are pressed under our messages.

use domain::id::IncidentId;
use domain::integration::IntegrationSettings;
use domain::person::Viewer;
use domain::secret::Secret;
use domain::time::{MINUTE, SECOND, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::hex;
use crate::providers::Call;
use crate::providers::slack::{ACKNOWLEDGE, RESOLVE};
use crate::services::{ServiceError, Services};
use crate::store::integrations;

/// The oldest call that is believed, in milliseconds, as Slack advises.
const MAX_AGE: i64 = 5 * MINUTE;
/// What Slack tells of a button that was pressed, as far as it is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pressed {
    /// `block_actions` is what we know.
    #[serde(rename = "type")]
    pub kind: String,
    /// The workspace.
    pub team: Named,
    /// The channel.
    pub channel: Named,
    /// Who pressed.
    pub user: Named,
    /// What was pressed.
    pub actions: Vec<Action>,
    /// Where a word for whoever pressed goes.
    pub response_url: String,
}

/// Something with an id and a name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What people are called.
    pub username: String,
}

/// A button.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Action {
    /// What it does.
    pub action_id: String,
    /// To what: the public id of an incident.
    pub value: String,
}

impl Services {
    /// A button was pressed in a channel; what is done is what the console does. The message itself changes because Slack is told of the
    /// consequence like everybody else; whoever pressed in vain gets a word.
    pub async fn pressed(&self, pressed: &Pressed) {
        for action in &pressed.actions {
            if let Err(sentence) = self.press(pressed, action).await {
                self.answer_pressed(&pressed.response_url, &sentence).await;
            }
        }
    }

    async fn press(&self, pressed: &Pressed, action: &Action) -> std::result::Result<(), String> {
        let is_ours = [RESOLVE, ACKNOWLEDGE].contains(&action.action_id.as_str());
        if !is_ours || pressed.kind != "block_actions" {
            return Ok(());
        }
        let gone = || "This incident is not known here (any more).".to_owned();
        let id: IncidentId = action.value.parse().map_err(|_| gone())?;
        if !self.is_channel(&pressed.team.id, &pressed.channel.id).await {
            return Err("This channel is not connected to Pharos (any more).".to_owned());
        }
        let user = [&pressed.user.name, &pressed.user.username, &pressed.user.id];
        let who = user.into_iter().find(|name| !name.is_empty()).map_or("somebody", String::as_str);
        let who: String = format!("{who} in Slack").chars().take(120).collect();
        let done = if action.action_id == RESOLVE {
            self.resolve_as(&Viewer::System, &id, &who).await
        } else {
            self.acknowledge_as(&Viewer::System, &id, &who).await
        };
        tracing::info!(incident = %id, action = action.action_id, who, ok = done.is_ok(), "a button was pressed in Slack");
        done.map_err(|error| match error {
            ServiceError::NotFound => gone(),
            ServiceError::Conflict(sentence) => sentence,
            other => {
                tracing::error!(error = %other, "a button of Slack did nothing");
                "Something went wrong; please do it in Pharos.".to_owned()
            }
        })
    }

    /// Whether a channel of a workspace is one of ours: the signature proves Slack, not that the message was ours.
    async fn is_channel(&self, team: &str, channel: &str) -> bool {
        let known = async {
            let mut tx = self.inner.db.read().await?;
            integrations::all(&mut tx).await
        };
        let known = known.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the integrations could not be read");
            Vec::new()
        });
        known.iter().any(|one| match &one.settings {
            Ok(IntegrationSettings::Slack(slack)) => {
                slack.channel_id.as_deref() == Some(channel)
                    && slack.team_id.as_deref().is_none_or(|known| known == team)
            }
            _ => false,
        })
    }

    async fn answer_pressed(&self, url: &str, sentence: &str) {
        if url.is_empty() {
            return;
        }
        let body = json!({ "response_type": "ephemeral", "replace_original": false, "text": sentence });
        if let Err(error) = self.call_slack(Call::json(url, &body).secret(url)).await {
            tracing::warn!(%error, "whoever pressed a button in Slack could not be told why it did nothing");
        }
    }
}

/// Whether a call was signed by Slack with our app's secret, within the last five minutes.
pub fn is_signed(secret: &Secret, timestamp: &str, body: &[u8], signature: &str, now: Timestamp) -> bool {
    let Ok(seconds) = timestamp.parse::<i64>() else { return false };
    let recent = seconds.checked_mul(SECOND).is_some_and(|at| now.0.abs_diff(at) <= MAX_AGE.unsigned_abs());
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    let expected = format!("v0={}", hex(&mac.finalize().into_bytes()));
    recent && bool::from(expected.as_bytes().ct_eq(signature.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's own documentation.
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    #[test]
    fn a_signature_holds_for_its_body_and_for_five_minutes() {
        let secret = Secret::new("8f742231b10e8888abcd99yyyzzz85a5");
        let at = |seconds: i64| Timestamp((1_531_420_618 + seconds) * SECOND);
        let signed = |body: &str, now| is_signed(&secret, "1531420618", body.as_bytes(), SIGNATURE, now);
        assert!(signed(BODY, at(0)) && signed(BODY, at(300)) && signed(BODY, at(-300)));
        assert!(!signed(BODY, at(301)), "too old");
        assert!(!signed(&BODY.replace("foobar", "others"), at(0)));
        assert!(!is_signed(&secret, "1531420619", BODY.as_bytes(), SIGNATURE, at(0)));
        assert!(!is_signed(&secret, "soon", BODY.as_bytes(), SIGNATURE, at(0)));
        assert!(!is_signed(&Secret::new("other"), "1531420618", BODY.as_bytes(), SIGNATURE, at(0)));
    }
}
