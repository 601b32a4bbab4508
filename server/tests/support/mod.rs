//! A server for one test, and who calls it.

pub(crate) mod postgres;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::person::{Account, Viewer};
use domain::time::DAY;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::services::people::NewAccount;
use engine::store::sessions::{self, SessionRow};
use reqwest::{Client, Method, RequestBuilder, redirect};
use server::config::{Config, Sources};
use server::start::{self, Running};

/// The password of everybody in the tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server with a folder of its own.
pub(crate) struct TestApp {
    pub(crate) running: Running,
    client: Client,
    /// Where its data is.
    pub(crate) folder: PathBuf,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) enum Actor {
    /// Nobody in particular.
    Anonymous,
    /// Somebody who logged in.
    Viewer {
        /// As the browser sends it.
        cookie: String,
    },
    /// A program.
    Token {
        /// As it sends it.
        token: String,
    },
}

impl TestApp {
    /// A server with the defaults.
    pub(crate) async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    /// A server with some values of the configuration changed.
    pub(crate) async fn spawn_with(values: &[(&str, &str)]) -> Self {
        Self::over(new_folder(), values).await
    }

    /// A server over what is in a folder.
    pub(crate) async fn over(folder: PathBuf, values: &[(&str, &str)]) -> Self {
        let config = config(&folder, values);
        let running = start::start(config, Clock::System, Chance::System).await.unwrap();
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { running, client, folder }
    }

    /// Adds an account.
    pub(crate) async fn account(&self, email: &str) -> Account {
        let account = NewAccount { email: email.into(), name: String::new(), password: PASSWORD.into() };
        self.running.state.services.add_user(&Viewer::System, &account).await.unwrap()
    }

    /// Somebody who logged in, without going through the page.
    pub(crate) async fn viewer(&self) -> Actor {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let account = self.account(&format!("viewer{number}@example.org")).await;
        let state = &self.running.state;
        let now = state.clock.now().0;
        let id = format!("{number:0>21}A");
        let data = serde_json::json!({ "account": account.key.0, "seen": now }).to_string().into_bytes();
        let row = SessionRow { id: id.clone(), account_id: Some(account.key.0), data, expires_at: now + DAY };
        let mut tx = state.db.write().await.unwrap();
        assert!(sessions::create(&mut tx, &row).await.unwrap());
        tx.commit().await.unwrap();
        Actor::Viewer { cookie: format!("pharos={id}") }
    }

    /// A program with a token of the project.
    pub(crate) async fn token(&self) -> Actor {
        let made = self.running.state.services.create_token(&Viewer::System, "test").await;
        Actor::Token { token: made.unwrap().1.expose().to_owned() }
    }

    /// The session of somebody, as it is kept.
    pub(crate) async fn session(&self, actor: &Actor) -> Option<SessionRow> {
        let Actor::Viewer { cookie } = actor else { return None };
        let (_, id) = cookie.split_once('=').unwrap();
        let mut tx = self.running.state.db.read().await.unwrap();
        sessions::load(&mut tx, id, self.running.state.clock.now()).await.unwrap()
    }

    /// A request of somebody; a path without host.
    pub(crate) fn request(&self, actor: &Actor, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.running.address));
        match actor {
            Actor::Anonymous => request,
            Actor::Viewer { cookie } => request.header("cookie", cookie),
            Actor::Token { token } => request.header("authorization", format!("Bearer {token}")),
        }
    }

    /// The answer to a plain GET of nobody in particular.
    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.request(&Actor::Anonymous, Method::GET, path).send().await.unwrap()
    }

    /// Stops the server and removes its folder.
    pub(crate) async fn close(self) {
        self.running.stop().await;
        let _ = std::fs::remove_dir_all(self.folder);
    }
}

/// A folder that no other test uses.
pub(crate) fn new_folder() -> PathBuf {
    std::env::temp_dir().join(format!("pharos-test-{}", Chance::System.token()))
}

/// A configuration for a server of a test: any free port, its own folder, nobody out there is asked for anything.
pub(crate) fn config(folder: &std::path::Path, values: &[(&str, &str)]) -> Config {
    let ours = [
        ("server.host", "127.0.0.1"),
        ("server.port", "0"),
        ("checks.anchors", "none"),
        ("data.dir", folder.to_str().unwrap()),
    ];
    let flags = ours.iter().chain(values);
    let flags = flags.map(|(key, value)| (String::new(), (*key).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { flags, ..Sources::default() }).unwrap()
}

/// The first element in a page whose tag has this in it.
pub(crate) fn tag<'a>(page: &'a str, part: &str) -> &'a str {
    let at = page.find(part).unwrap_or_else(|| panic!("no {part} in {page}"));
    let begin = page[..=at].rfind('<').unwrap();
    &page[begin..=begin + page[begin..].find('>').unwrap()]
}
