//! Adding a channel: the browser goes to Slack with a state, and comes back with it and a code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::id::{IntegrationId, ProjectId};
use domain::integration::{IntegrationDraft, IntegrationSettings, SlackSettings};
use domain::person::Viewer;
use domain::secret::Secret;
use domain::time::{MINUTE, Timestamp};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{SlackApp, hex};
use crate::providers::Call;
use crate::services::{Result, ServiceError, Services, operator};
use crate::store::{integrations, settings};

/// How long somebody may take to allow the app, in milliseconds: as long as Slack's own code holds.
const STATE_LIFETIME: i64 = 10 * MINUTE;
/// Under which names states are kept.
const STATES: &str = "slack.state.";
/// States that may wait at a time; beyond it the table is not filled further.
const MAX_STATES: usize = 1_000;

/// Where somebody goes to allow the app.
#[derive(Clone, Debug)]
pub struct Initiated {
    /// Open this in a browser.
    pub oauth_url: String,
    /// What comes back with the browser, once.
    pub state: String,
    /// Where the browser comes back to.
    pub redirect_uri: String,
}

/// Why nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlackRefusal {
    /// The state is unknown, was used, is too old, or is of another project.
    #[error("this link has expired or was used; begin again")]
    Expired,
    /// Slack did not hand out what was asked for.
    #[error("Slack refused: {0}")]
    Refused(String),
    /// Our own fault; the details are in the log.
    #[error("something went wrong here")]
    Internal,
}

impl From<ServiceError> for SlackRefusal {
    fn from(error: ServiceError) -> Self {
        tracing::error!(%error, "an integration of Slack could not be added");
        Self::Internal
    }
}

impl From<crate::store::StoreError> for SlackRefusal {
    fn from(error: crate::store::StoreError) -> Self {
        ServiceError::from(error).into()
    }
}

/// What is kept of somebody who went to Slack.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    project: ProjectId,
    redirect_uri: String,
    until: Timestamp,
    who: String,
}

impl Services {
    /// Begins to add a channel: the browser goes to Slack with a state that comes back with it. `base` is our address.
    pub async fn initiate_slack(&self, viewer: &Viewer, app: &SlackApp, base: &str) -> Result<Initiated> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        self.project(&mut tx, now).await?;
        let project = crate::store::projects::only(&mut tx).await?.ok_or(ServiceError::NotFound)?.id;
        let mut waiting = 0;
        for (name, value) in settings::beginning(&mut tx, STATES).await? {
            if serde_json::from_str::<Waiting>(&value).is_ok_and(|known| known.until > now) {
                waiting += 1;
            } else {
                settings::remove(&mut tx, &name).await?;
            }
        }
        if waiting >= MAX_STATES {
            return Err(ServiceError::TooMany { retry_after: std::time::Duration::from_mins(1) });
        }
        let state = self.inner.chance.token();
        let redirect_uri = format!("{base}/auth/slack/callback?project_uuid={project}");
        let kept = Waiting {
            project,
            redirect_uri: redirect_uri.clone(),
            until: Timestamp(now.0 + STATE_LIFETIME),
            who: viewer.words(),
        };
        let kept = serde_json::to_string(&kept).map_err(|error| ServiceError::Internal(error.to_string()))?;
        settings::put(&mut tx, &name_of(&state), &kept).await?;
        tx.commit().await?;
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", &app.client_id).append_pair("scope", &app.scopes);
        if !app.user_scopes.is_empty() {
            query.append_pair("user_scope", &app.user_scopes);
        }
        query.append_pair("redirect_uri", &redirect_uri).append_pair("state", &state);
        let oauth_url = format!("{}?{}", app.authorize_url, query.finish());
        Ok(Initiated { oauth_url, state, redirect_uri })
    }

    /// The browser came back from Slack with a code: exchanges it and adds the integration, or brings the one of that channel up to date.
    pub async fn finish_slack(
        &self,
        app: &SlackApp,
        project: &str,
        state: &str,
        code: Option<&str>,
    ) -> std::result::Result<IntegrationId, SlackRefusal> {
        let now = self.now();
        // Anybody may come with a made-up state: the only writer is not taken before the state is known.
        let name = name_of(state);
        if settings::get(&mut self.inner.db.read().await?, &name).await?.is_none() {
            return Err(SlackRefusal::Expired);
        }
        let mut tx = self.inner.db.write().await?;
        // Of two that come with the same state, one gets it; and it is gone even when Slack refuses.
        let kept = settings::take(&mut tx, &name).await?;
        tx.commit().await?;
        let kept: Option<Waiting> = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        let kept = kept
            .filter(|kept| kept.until > now && kept.project.as_str() == project)
            .ok_or(SlackRefusal::Expired)?;
        let code = code.ok_or_else(|| SlackRefusal::Refused("nobody allowed it".to_owned()))?;
        let answer = self.exchange(app, &kept.redirect_uri, code).await?;
        let (name, settings) = installed(&answer, app)?;
        tracing::info!(name, who = kept.who, "a channel of Slack was added");
        Ok(self.keep_channel(name, settings).await?)
    }

    async fn exchange(
        &self,
        app: &SlackApp,
        redirect_uri: &str,
        code: &str,
    ) -> std::result::Result<Value, SlackRefusal> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect_uri)
            .finish();
        let pair = BASE64.encode(format!("{}:{}", app.client_id, app.client_secret.expose()));
        let call = Call {
            method: Method::POST,
            url: format!("{}/oauth.v2.access", app.api_url),
            headers: vec![
                ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
                ("authorization".to_owned(), format!("Basic {pair}")),
            ],
            body,
            timeout: std::time::Duration::from_secs(10),
            secrets: Vec::new(),
            known: None,
        };
        let refused = |why: String| SlackRefusal::Refused(why);
        let answer = self.call_slack(call).await.map_err(|error| refused(error.to_string()))?;
        let json = answer.json().ok_or_else(|| refused(format!("HTTP {}", answer.status)))?;
        match json.get("ok").and_then(Value::as_bool) {
            Some(true) => Ok(json),
            _ => Err(refused(word(&json, "error").unwrap_or_else(|| format!("HTTP {}", answer.status)))),
        }
    }

    async fn keep_channel(&self, name: String, new: SlackSettings) -> Result<IntegrationId> {
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let same = |known: &integrations::Integration| match &known.settings {
            Ok(IntegrationSettings::Slack(old)) => {
                old.team_id.is_some() && old.team_id == new.team_id && old.channel_id == new.channel_id
            }
            _ => false,
        };
        let known = integrations::all(&mut tx).await?.into_iter().find(same);
        let settings = IntegrationSettings::from(new.clone());
        settings.validate().map_err(ServiceError::Invalid)?;
        if let Some(known) = known {
            let draft = IntegrationDraft { name: known.name, settings, enabled: true, quiet: known.quiet };
            integrations::update(&mut tx, known.key, &draft, now).await?;
            tx.commit().await?;
            return Ok(known.id);
        }
        drop(tx);
        let draft = IntegrationDraft { name, settings, enabled: true, quiet: None };
        self.insert_integration(&draft, true).await
    }
}

/// What Slack handed out, as settings, and the name of the channel.
fn installed(answer: &Value, app: &SlackApp) -> std::result::Result<(String, SlackSettings), SlackRefusal> {
    let at = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let missing = |what: &str| {
        SlackRefusal::Refused(format!("there is no {what} in its answer; check the scopes of the app"))
    };
    let token = at("/access_token").ok_or_else(|| missing("bot token"))?;
    let channel_id = at("/incoming_webhook/channel_id").ok_or_else(|| missing("channel"))?;
    let mut settings = SlackSettings::by_bot(&token, &channel_id);
    settings.webhook_url = at("/incoming_webhook/url").map(Secret::new);
    settings.channel_name = at("/incoming_webhook/channel");
    settings.user_token = at("/authed_user/access_token").map(Secret::new);
    settings.bot_user_id = at("/bot_user_id");
    settings.team_id = at("/team/id");
    settings.team_name = at("/team/name");
    settings.api_url.clone_from(&app.api_url);
    let words: Vec<_> = settings.team_name.iter().chain(&settings.channel_name).map(String::as_str).collect();
    let name = if words.is_empty() { "Slack".to_owned() } else { words.join(" ") };
    Ok((name.chars().take(domain::integration::draft::MAX_NAME).collect(), settings))
}

fn word(json: &Value, name: &str) -> Option<String> {
    json.get(name).and_then(Value::as_str).map(|word| word.chars().take(100).collect())
}

/// Only a hash is kept, so that a copy of the database finishes nothing.
fn name_of(state: &str) -> String {
    format!("{STATES}{}", hex(&Sha256::digest(state.as_bytes())))
}
