//! From a configuration to a running server and back: database, engine, router, listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use app::pages::status::Assets;
use axum::http::HeaderMap;
use domain::person::Viewer;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::keys::{self, KeysError};
use engine::owner;
use engine::services::people::NewAccount;
use engine::store::{self, Db, Lock};
use engine::telex::Telex;
use engine::{Engine, EngineConfig};
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_sessions::ExpiredDeletion as _;

use crate::api::Api;
use crate::config::Config;
use crate::live::{Console, Hub};
use crate::metrics::Ratios;
use crate::router::{self, AppState, Parts};
use crate::serving::{self, Limits, descriptors};
use crate::session::Sessions;
use crate::{assets, place, public, viewer};

/// How long requests that are being answered may take when the server stops. The engine gets what is left of ten seconds: what it
/// has taken is lost otherwise, while a request can be sent again.
const HTTP_DRAIN: Duration = Duration::from_millis(1_500);
/// The pause before it is looked again whether the database can be reached.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How often sessions that ended are swept away.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The one-time token of the set-up page, while nobody has an account.
    pub setup_token: Option<String>,
    /// What the handlers reach; tests look through it.
    pub state: AppState,
    engine: Engine,
    serving: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    stop: CancellationToken,
    /// Keeps other servers away from the SQLite file until this one is gone.
    _lock: Option<Lock>,
}

/// Starts a server.
///
/// # Errors
/// When the data folder, the database, the engine or the port cannot be had; each with what was tried.
pub async fn start(config: Config, clock: Clock, chance: Chance) -> anyhow::Result<Running> {
    start_on(None, config, clock, chance).await
}

/// [`start`] on a database that is open already, if somebody waited for it.
///
/// # Errors
/// As [`start`].
pub(crate) async fn start_on(
    reached: Option<Db>,
    config: Config,
    clock: Clock,
    chance: Chance,
) -> anyhow::Result<Running> {
    install_tls_provider();
    for doubt in &config.doubts {
        tracing::warn!("{doubt}");
    }
    let descriptors = descriptors::raise();
    // First what another server may have: without it nothing of what that one works with may change. Whoever connects meanwhile
    // waits for the answer.
    let listener = listen(&config).await?;
    let address = listener.local_addr()?;
    let lock = lock(&config)?;
    let db = match reached {
        Some(db) => sealing(db, &config).await?,
        None => open(&config).await?,
    };
    db.migrate().await.context("the schema of the database could not be brought up to date")?;
    keys::agree(&db).await?;
    let sealed = keys::seal_bare(&db).await?;
    if sealed > 0 {
        tracing::info!(sealed, "secrets of monitors and integrations that were stored in clear were sealed");
    }
    let engine = Engine::start(engine_config(&config), db.clone(), clock.clone(), chance.clone()).await?;
    let services = engine.services().trials_within(trial_limit(&config));
    services.ensure_default_page().await?;
    services.ensure_project().await?;
    add_admin(&config, &services).await?;
    let setup_token = services.new_setup_token().await?;
    let proxies = config.server.trusted_proxies.clone();
    let limits = Limits::of(descriptors, config.checks.concurrency, proxies);
    if setup_token.is_some() {
        tell_of_unused(&config);
    }
    let hub = hub(&engine);
    let console = console(&engine, Sessions::new(db.clone(), clock.clone(), &config.server));
    let telex = telex(&config, &services)?;
    let state = AppState::new(Parts {
        services,
        bus: engine.bus(),
        vitals: engine.vitals(),
        db,
        clock,
        chance,
        api: Api::new(&config.api),
        config: Arc::new(config),
        hub,
        console,
        telex,
        ratios: Ratios::default(),
    });
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serving::serve(listener, router::router(state.clone()), limits, stop.clone()));
    let sweeping = tokio::spawn(sweep(state.clone()));
    tokio::spawn(state.hub.clone().run(stop.clone()));
    tokio::spawn(state.console.clone().run(stop.clone()));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        database = place::of(&state.config.database_url()),
        "Pharos runs"
    );
    Ok(Running { address, setup_token, state, engine, serving, sweeping, stop, _lock: lock })
}

impl Running {
    /// The address for a browser, without a slash at the end.
    pub fn url(&self) -> String {
        let server = &self.state.config.server;
        match &server.base_url {
            Some(base) => base.as_str().to_owned(),
            None if self.address.ip().is_unspecified() => format!("http://localhost:{}", self.address.port()),
            None => format!("http://{}", self.address),
        }
    }

    /// The one line that whoever started it wants to read.
    pub fn greeting(&self) -> String {
        let url = self.url();
        match &self.setup_token {
            Some(token) => format!("Pharos is running at {url} — set it up: {url}/setup?token={token}"),
            None => format!("Pharos is running at {url}"),
        }
    }

    /// Waits until the listener fails; it does not end otherwise.
    pub async fn failed(&mut self) -> anyhow::Error {
        match (&mut self.serving).await {
            Ok(()) => anyhow::anyhow!("the listener ended"),
            Err(error) => anyhow::Error::new(error).context("the listener failed"),
        }
    }

    /// Stops accepting, lets open requests end, records every result that was taken, and closes the database.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // A listener that failed has been waited for already.
        if !self.serving.is_finished() && tokio::time::timeout(HTTP_DRAIN, &mut self.serving).await.is_err() {
            // Streams of events never end by themselves; their readers come back to the next server.
            self.serving.abort();
        }
        self.sweeping.abort();
        let telex = async {
            if let Some(telex) = &self.state.telex {
                telex.stop().await;
            }
        };
        // At the same time: neither waits for the other.
        tokio::join!(telex, self.engine.stop());
        self.state.db.close().await;
        tracing::info!("Pharos has stopped");
    }
}

/// Waits until the PostgreSQL of the configuration can be reached, as long as it says: it may start beside us. What waiting does not
/// heal, such as a wrong password, and what is not healed by then, is left to whoever opens the database: `None`.
pub(crate) async fn await_database(config: &Config) -> Option<Db> {
    let (url, wait) = (config.database_url(), Duration::from_secs(config.data.database_wait.into()));
    if Db::file_of(&url).is_some() {
        return None;
    }
    let (begun, mut told) = (Instant::now(), false);
    loop {
        match Db::open(&url).await {
            Ok(db) => return Some(db),
            Err(error) if !error.is_unavailable() || begun.elapsed() >= wait => return None,
            Err(error) if !told => {
                let (database, wait_s) = (place::of(&url), wait.as_secs());
                tracing::warn!(database, wait_s, %error, "waiting for the database, which cannot be reached yet");
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Opens the database that the configuration names; its folder is made when it is the default one.
///
/// # Errors
/// When the folder cannot be made or the database does not answer.
pub async fn open(config: &Config) -> anyhow::Result<Db> {
    sealing(open_keyless(config).await?, config).await
}

/// [`open`] without the keys that seal secrets.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_keyless(config: &Config) -> anyhow::Result<Db> {
    make_data_folder(config)?;
    // The URL may hold a password, so it is not repeated.
    let opened = Db::open(&config.database_url()).await;
    opened.context("the database cannot be opened (data.dir, data.database_url)")
}

/// A key file that is missing is made for a new database only: beside any other it would be one more thing that is wrong.
async fn sealing(db: Db, config: &Config) -> anyhow::Result<Db> {
    if let Some(file) = config.secrets.missing_file(&config.data.dir)
        && keys::are_in_use(&db).await?
    {
        // Whoever moved it to secrets.old_keys gets a new one.
        let old = db.clone().sealing_with(config.secrets.old_sealer(&Chance::System)?);
        match keys::agree(&old).await {
            Ok(()) => return with_keys(db, config),
            Err(KeysError::Foreign(_)) => {}
            Err(error) => return Err(error.into()),
        }
        bail!(
            "the key file {} is missing, and secrets in this database were sealed with a key: put the file back from a backup, or set \
             the key (secrets.key). If it is lost: `pharos secrets rotate --lost`",
            file.display()
        );
    }
    with_keys(db, config)
}

/// A database with the keys of the configuration, or of a file that is made.
///
/// # Errors
/// When one is none, or the file cannot be had.
pub(crate) fn with_keys(db: Db, config: &Config) -> anyhow::Result<Db> {
    Ok(db.sealing_with(config.secrets.sealer(&config.data.dir, &Chance::System)?))
}

/// Takes the SQLite file for this process alone; `None` for PostgreSQL.
///
/// # Errors
/// When another server has it.
pub(crate) fn lock(config: &Config) -> anyhow::Result<Option<Lock>> {
    make_data_folder(config)?;
    Ok(Db::lock(&config.database_url())?)
}

/// Makes the folder of the data; one that the URL of a database names is left to whoever wrote it.
fn make_data_folder(config: &Config) -> anyhow::Result<()> {
    if config.data.database_url.is_none() {
        // Only its owner may look into it: the database holds secrets.
        return owner::make_folder(&config.data.dir)
            .with_context(|| format!("the data folder {} cannot be made", config.data.dir.display()));
    }
    let Some(file) = Db::file_of(&config.database_url()) else { return Ok(()) };
    let folder = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
    let folder = folder.parent().unwrap_or(&folder);
    let hint = if file.is_relative() {
        " A path from the root takes three slashes: sqlite:///var/lib/…"
    } else {
        ""
    };
    anyhow::ensure!(
        folder.is_dir(),
        "data.database_url: the folder {} does not exist. Make it, writable for Pharos, or name another.{hint}",
        folder.display()
    );
    Ok(())
}

/// How long a trial may take: it is answered as one that failed before the request is given up.
fn trial_limit(config: &Config) -> Duration {
    let limit = Duration::from_secs(u64::from(config.server.request_timeout));
    limit.saturating_sub(Duration::from_secs(2)).max(limit / 2)
}

/// One TLS provider for everything; a second call changes nothing.
pub(crate) fn install_tls_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What keeps the public pages up to date.
fn hub(engine: &Engine) -> Hub {
    let files = Assets {
        style: public::style::url(),
        script: assets::url("/live.js"),
        // As the style sheet names it, or it would be loaded twice.
        font: "/fonts/geist-latin.woff2".to_owned(),
    };
    Hub::new(engine.services(), engine.bus(), engine.vitals(), assets::build_id(), files)
}

/// What keeps the console's screens up to date.
fn console(engine: &Engine, sessions: Sessions) -> Console {
    let services = engine.services();
    let who = move |headers: HeaderMap| -> BoxFuture<'static, Viewer> {
        let (sessions, services) = (sessions.clone(), services.clone());
        Box::pin(async move { viewer::of_cookies(&sessions, &services, &headers).await })
    };
    Console::new(engine.services(), engine.bus(), engine.vitals(), assets::build_id(), Arc::new(who))
}

/// The integration of Telex, unless it is turned off.
fn telex(config: &Config, services: &engine::services::Services) -> anyhow::Result<Option<Telex>> {
    let told = config.telex.enabled.then(|| config.telex.engine(&config.checks));
    told.map(|told| Telex::new(services, told))
        .transpose()
        .context("the integration of Telex cannot be set up")
}

/// What the engine is told.
fn engine_config(config: &Config) -> EngineConfig {
    EngineConfig {
        checks: config.checks.engine(),
        concurrency: config.checks.concurrency(),
        anchors: config.checks.anchors.0.clone(),
        retention: config.retention.engine(),
        carriers: config.carriers(),
        base_url: config.server.base_url.as_ref().map(|base| base.as_str().to_owned()).unwrap_or_default(),
    }
}

/// Whoever moves to PostgreSQL may expect to find there what the file in the data folder holds.
fn tell_of_unused(config: &Config) {
    let file = store::default_file(&config.data.dir);
    if Db::file_of(&config.database_url()).is_none() && file.exists() {
        tracing::warn!(
            file = %file.display(),
            "the PostgreSQL of data.database_url is empty, and this SQLite file is not used: nothing is carried over from it"
        );
    }
}

async fn add_admin(config: &Config, services: &engine::services::Services) -> anyhow::Result<()> {
    let (Some(email), Some(password)) = (&config.admin.email, &config.admin.password) else { return Ok(()) };
    let account =
        NewAccount { email: email.clone(), name: String::new(), password: password.expose().to_owned() };
    let added = services.add_first_account(&Viewer::System, &account).await;
    if added.context("the first account (admin.email, admin.password) cannot be made")?.is_some() {
        tracing::info!(email, "the first account was made");
    }
    Ok(())
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let (host, port) = (config.server.host.trim_matches(['[', ']']), config.server.port);
    TcpListener::bind((host, port))
        .await
        .with_context(|| format!("cannot listen on {host}, port {port} (server.host, server.port)"))
}

async fn sweep(state: AppState) {
    let sessions = Sessions::new(state.db.clone(), state.clock.clone(), &state.config.server);
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        if let Err(error) = sessions.delete_expired().await {
            tracing::warn!(%error, "sessions that ended could not be swept away");
        }
    }
}
