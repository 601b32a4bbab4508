//! A connection to an SSH server: who it is, who we are, and a command.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::integration::SshSettings;
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::PublicKeyOrCertificate;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, decode_secret_key};
use russh::{ChannelMsg, Disconnect, MethodKind, Sig};
use tokio::time::timeout;

use super::super::{DeliveryError, Outbound};

/// How long connecting and logging in may take together.
pub(super) const LOGIN: Duration = Duration::from_secs(10);
/// How long a command may run before it is left alone.
pub(super) const RUN: Duration = Duration::from_secs(20);
/// The most that is kept of what a command says, in bytes.
const MAX_OUTPUT: usize = 4_096;
/// The longest line of it that stands in an error, in characters.
const MAX_QUOTE: usize = 200;
/// Questions of a server that asks for the password by itself (RFC 4256).
const MAX_QUESTIONS: usize = 5;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It ended well.
    Well {
        /// What it said.
        output: String,
    },
    /// The connection ended first, as it does when a machine goes down.
    Gone,
    /// It still runs.
    Runs,
    /// It ended otherwise.
    Failed {
        /// With a status, or a signal.
        status: String,
        /// The first line of what it said about that.
        said: String,
        /// All that it said.
        output: String,
    },
}

impl Ended {
    /// For the log.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Well { output } => format!("Ended with status 0.\n{output}"),
            Self::Gone => {
                "The connection ended while the command ran, as it does when a server restarts.".to_owned()
            }
            Self::Runs => format!("Still running after {} s; left alone.", RUN.as_secs()),
            Self::Failed { status, output, .. } => format!("Ended with status {status}.\n{output}"),
        }
    }
}

/// A connection that is logged in.
pub(super) struct Session {
    handle: Handle<KeyCheck>,
    host_key: String,
}

/// Compares the server's key with the one that is known, and notes it.
struct KeyCheck {
    known: Option<String>,
    met: Arc<Mutex<Option<String>>>,
}

impl client::Handler for KeyCheck {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let fits = self.known.as_ref().is_none_or(|known| *known == fingerprint);
        *self.met.lock().unwrap_or_else(PoisonError::into_inner) = Some(fingerprint);
        Ok(fits)
    }
}

impl Session {
    /// Connects, makes sure that it is the server that is known, and logs in.
    pub(super) async fn open(outbound: &Outbound, settings: &SshSettings) -> Result<Self, DeliveryError> {
        match timeout(LOGIN, Self::log_in(outbound, settings)).await {
            Ok(session) => session,
            Err(_) => Err(DeliveryError::retry(format!(
                "{} did not let us in within {} s",
                settings.address(),
                LOGIN.as_secs()
            ))),
        }
    }

    async fn log_in(outbound: &Outbound, settings: &SshSettings) -> Result<Self, DeliveryError> {
        let at = settings.address();
        // Read first: with a key that cannot be read there is no need to bother the server.
        let key = private_key(settings)?;
        let stream = outbound.connect(&settings.ip, settings.port, LOGIN).await?;
        let met = Arc::new(Mutex::new(None));
        let check = KeyCheck { known: settings.host_key.clone(), met: Arc::clone(&met) };
        let config = client::Config { inactivity_timeout: Some(LOGIN + RUN), ..client::Config::default() };
        let connected = client::connect_stream(Arc::new(config), stream, check).await;
        let host_key = met.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(known), Some(met)) = (&settings.host_key, &host_key)
            && known != met
        {
            return Err(DeliveryError::permanent(format!(
                "The host key changed: {at} is known by {known} and shows {met}. If you installed it anew, empty the host key in the \
                 settings; otherwise somebody may stand in its place."
            )));
        }
        let mut handle = connected.map_err(|error| lost(&at, &error))?;
        let Some(host_key) = host_key else {
            return Err(DeliveryError::retry(format!("{at} showed no host key")));
        };
        if authenticate(&mut handle, settings, key).await.map_err(|error| lost(&at, &error))? {
            return Ok(Self { handle, host_key });
        }
        // A server that closed the connection has not answered; one that lets nobody try anything else has.
        if handle.is_closed() {
            if !matches!((&mut handle).await, Err(russh::Error::NoAuthMethod)) {
                return Err(DeliveryError::retry(format!("{at} closed the connection while we logged in")));
            }
        } else {
            let _ = handle.disconnect(Disconnect::ByApplication, "", "en").await;
        }
        Err(DeliveryError::permanent(format!(
            "{at} does not let {} in: check the user name, and the password or the key.",
            settings.username
        )))
    }

    /// The fingerprint of the server's key.
    pub(super) fn host_key(&self) -> &str {
        &self.host_key
    }

    /// Runs a command.
    ///
    /// # Errors
    /// Only until the server has taken the command; after that it has begun.
    pub(super) async fn run(self, command: &str) -> Result<Ended, DeliveryError> {
        let before = |error: russh::Error| {
            DeliveryError::retry(format!("the connection was lost before the command began ({error})"))
        };
        let mut output = Output::default();
        // All of it in the same time: who calls gives up soon after it, and would not know then whether the command has begun.
        let running = async {
            let mut channel = self.handle.channel_open_session().await.map_err(before)?;
            channel.exec(true, command).await.map_err(before)?;
            follow(&mut channel, &mut output).await
        };
        let ended = match timeout(RUN, running).await {
            Ok(ended) => ended?,
            Err(_) if output.begun => Ended::Runs,
            Err(_) => return Err(DeliveryError::retry("the server did not say whether it runs the command")),
        };
        self.close().await;
        Ok(ended)
    }

    /// Says good-bye; nothing depends on it.
    pub(super) async fn close(self) {
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "en").await;
    }
}

/// What a command says.
#[derive(Default)]
struct Output {
    /// Whether the server took the command.
    begun: bool,
    all: Vec<u8>,
    errors: Vec<u8>,
}

async fn follow(
    channel: &mut russh::Channel<client::Msg>,
    output: &mut Output,
) -> Result<Ended, DeliveryError> {
    let mut failed = None;
    let mut well = false;
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Success => output.begun = true,
            ChannelMsg::Failure if !output.begun => {
                return Err(DeliveryError::permanent(
                    "The server runs no commands for this user: check what its configuration allows.",
                ));
            }
            ChannelMsg::Data { data } => append(&mut output.all, &data),
            ChannelMsg::ExtendedData { data, .. } => {
                append(&mut output.all, &data);
                append(&mut output.errors, &data);
            }
            ChannelMsg::ExitStatus { exit_status } => {
                output.begun = true;
                match exit_status {
                    0 => well = true,
                    status => failed = Some(status.to_string()),
                }
            }
            ChannelMsg::ExitSignal { signal_name, .. } => {
                output.begun = true;
                // A machine that goes down ends everybody's programs.
                if !matches!(signal_name, Sig::TERM | Sig::HUP) {
                    failed = Some(format!("SIG{signal_name:?}"));
                }
            }
            _ => {}
        }
    }
    let all = text(&output.all);
    match failed {
        Some(status) => {
            let source = if output.errors.is_empty() { &output.all } else { &output.errors };
            let said = text(source).lines().map(str::trim).find(|line| !line.is_empty()).map(quoted);
            Ok(Ended::Failed { status, said: said.unwrap_or_default(), output: all })
        }
        None if well => Ok(Ended::Well { output: all }),
        None if output.begun => Ok(Ended::Gone),
        None => Err(DeliveryError::retry("the connection was lost before the command began")),
    }
}

fn append(bytes: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_OUTPUT.saturating_sub(bytes.len()).min(more.len());
    bytes.extend_from_slice(&more[..room]);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn quoted(line: &str) -> String {
    line.chars().filter(|character| !character.is_control()).take(MAX_QUOTE).collect()
}

fn private_key(settings: &SshSettings) -> Result<Option<russh::keys::PrivateKey>, DeliveryError> {
    let Some(key) = settings.private_key.as_ref().filter(|key| !key.is_empty()) else { return Ok(None) };
    let passphrase =
        settings.passphrase.as_ref().map(domain::secret::Secret::expose).filter(|text| !text.is_empty());
    // The library's own words may quote the key, and they do not say what to do.
    decode_secret_key(key.expose(), passphrase).map(Some).map_err(|_| {
        DeliveryError::permanent(match passphrase {
            None => "The private key cannot be read: paste the whole file, and its passphrase if it has one.",
            Some(_) => {
                "The private key cannot be read: check its passphrase, and that the whole file was pasted."
            }
        })
    })
}

/// Tries the key, then the password, then the password as an answer to questions: servers differ in what they offer.
async fn authenticate(
    handle: &mut Handle<KeyCheck>,
    settings: &SshSettings,
    key: Option<russh::keys::PrivateKey>,
) -> Result<bool, russh::Error> {
    let user = settings.username.as_str();
    // What is left to try; a server that wants both accepts the first and goes on.
    let mut left = None;
    if let Some(key) = key {
        let hash = handle.best_supported_rsa_hash().await?.flatten();
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        match handle.authenticate_publickey(user, key).await? {
            AuthResult::Success => return Ok(true),
            AuthResult::Failure { remaining_methods, .. } => left = Some(remaining_methods),
        }
    }
    let Some(password) = settings.password.as_ref().filter(|password| !password.is_empty()) else {
        return Ok(false);
    };
    if left.as_ref().is_none_or(|left| left.contains(&MethodKind::Password)) && !handle.is_closed() {
        match handle.authenticate_password(user, password.expose()).await? {
            AuthResult::Success => return Ok(true),
            AuthResult::Failure { remaining_methods, .. } => left = Some(remaining_methods),
        }
    }
    if !left.is_some_and(|left| left.contains(&MethodKind::KeyboardInteractive)) || handle.is_closed() {
        return Ok(false);
    }
    let mut answer = handle.authenticate_keyboard_interactive_start(user, None).await?;
    for _ in 0..MAX_QUESTIONS {
        let prompts = match answer {
            KeyboardInteractiveAuthResponse::Success => return Ok(true),
            KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
        };
        // What is shown while it is typed is no password.
        let say = |prompt: &client::Prompt| {
            if prompt.echo { String::new() } else { password.expose().to_owned() }
        };
        let said = prompts.iter().map(say).collect();
        answer = handle.authenticate_keyboard_interactive_respond(said).await?;
    }
    Ok(false)
}

fn lost(at: &str, error: &russh::Error) -> DeliveryError {
    let permanent = |remedy: &str| {
        DeliveryError::permanent(format!("{at} does not speak SSH as we do ({error}): {remedy}."))
    };
    match error {
        russh::Error::NoCommonAlgo { .. } => {
            permanent("its algorithms are too old; bring its SSH server up to date")
        }
        russh::Error::Version => permanent("check the port"),
        other => DeliveryError::retry(format!("no SSH connection to {at}: {other}")),
    }
}
