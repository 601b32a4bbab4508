//! Sessions in our own database, through tower-sessions. Reading never writes: a session is saved when somebody logs in or out,
//! and once an hour while it is used, to move its end.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use domain::time::{DAY, MINUTE, Timestamp};
use engine::clock::Clock;
use engine::store::{self, Db, StoreError, sessions, sessions::SessionRow};
use time::{Duration, OffsetDateTime};
use tower::{Layer, Service};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Error as SessionError, Id, Record};
use tower_sessions::session_store::{Error, ExpiredDeletion, Result, SessionStore};
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::client::Client;
use crate::config::Server;
use crate::known;

/// Under which name the session holds the key of the account.
pub(crate) const ACCOUNT: &str = "account";
/// The cookie over plain HTTP.
pub(crate) const PLAIN_COOKIE: &str = "pharos";
/// The cookie over TLS: browsers take the prefix only with `Secure`, `Path=/` and no domain, so no neighbour can set it.
pub(crate) const SECURE_COOKIE: &str = "__Host-pharos";
/// How long the session of somebody who has not logged in is kept, in milliseconds: it holds no more than what the next page
/// says about a refused log-in.
const OF_STRANGER: i64 = 10 * MINUTE;
/// New ids that are tried when one is taken. With 128 bits of chance the second is never needed.
const TRIES: usize = 4;

/// Sessions in the database.
#[derive(Clone, Debug)]
pub struct Sessions {
    db: Db,
    clock: Clock,
    length_ms: i64,
}

impl Sessions {
    /// Sessions that end when they were not used for as long as the configuration says.
    pub fn new(db: Db, clock: Clock, config: &Server) -> Self {
        Self { db, clock, length_ms: i64::from(config.session_days) * DAY }
    }

    /// The end is counted by our clock, and not by the record's: tests can move ours.
    fn row(&self, record: &Record) -> Result<SessionRow> {
        let account_id = record.data.get(ACCOUNT).and_then(serde_json::Value::as_i64);
        let length = if account_id.is_some() { self.length_ms } else { self.length_ms.min(OF_STRANGER) };
        Ok(SessionRow {
            id: record.id.to_string(),
            account_id,
            data: serde_json::to_vec(&record.data).map_err(|error| Error::Encode(error.to_string()))?,
            expires_at: self.clock.now().0 + length,
        })
    }

    fn record(row: &SessionRow) -> Result<Record> {
        let decoding = |error: &dyn std::fmt::Display| Error::Decode(error.to_string());
        let expiry_date =
            OffsetDateTime::from_unix_timestamp(row.expires_at / 1_000).map_err(|error| decoding(&error))?;
        Ok(Record {
            id: row.id.parse::<Id>().map_err(|error| decoding(&error))?,
            data: serde_json::from_slice(&row.data).map_err(|error| decoding(&error))?,
            expiry_date,
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// How the text of an error begins that is about a database that cannot be reached: tower-sessions hands on nothing but texts.
const AWAY: &str = "away: ";

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn backend(error: StoreError) -> Error {
    let away = if error.is_unavailable() { AWAY } else { "" };
    Error::Backend(format!("{away}{error}"))
}

/// Whether a session could not be read or kept because the database cannot be reached just now.
pub(crate) fn is_away(error: &SessionError) -> bool {
    matches!(error, SessionError::Store(Error::Backend(text)) if text.starts_with(AWAY))
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut tx = self.db.write().await.map_err(backend)?;
        for _ in 0..TRIES {
            if sessions::create(&mut tx, &self.row(record)?).await.map_err(backend)? {
                return tx.commit().await.map_err(backend);
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no free session id was found".to_owned()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // tower-sessions calls a session changed that something was merely looked for to be taken out of; a write for each page
        // that is looked at would cost more than the page. Moving the end changes the data too ([`crate::viewer`]).
        if self.load(&record.id).await?.is_none_or(|kept| kept.data == record.data) {
            return Ok(());
        }
        let mut tx = self.db.write().await.map_err(backend)?;
        // A session that was ended meanwhile, by a change of the password, must not come back to life.
        if sessions::load(&mut tx, &record.id.to_string(), self.now()).await.map_err(backend)?.is_none() {
            return Ok(());
        }
        sessions::save(&mut tx, &self.row(record)?).await.map_err(backend)?;
        tx.commit().await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let mut tx = self.db.read().await.map_err(backend)?;
        let row = sessions::load(&mut tx, &id.to_string(), self.now()).await.map_err(backend)?;
        row.as_ref().map(Self::record).transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut tx = self.db.write().await.map_err(backend)?;
        sessions::delete(&mut tx, &id.to_string()).await.map_err(backend)?;
        tx.commit().await.map_err(backend)
    }
}

#[async_trait]
impl ExpiredDeletion for Sessions {
    async fn delete_expired(&self) -> Result<()> {
        let deleted: store::Result<()> = async {
            let mut tx = self.db.write().await?;
            sessions::delete_expired(&mut tx, self.now()).await?;
            tx.commit().await
        }
        .await;
        deleted.map_err(backend)
    }
}

/// Gives each request its session, from the cookie that fits how it came: `__Host-pharos` over TLS, else `pharos`.
#[derive(Clone, Debug)]
pub(crate) struct SessionLayer {
    plain: SessionManagerLayer<Sessions>,
    secure: SessionManagerLayer<Sessions>,
}

impl SessionLayer {
    pub(crate) fn new(sessions: &Sessions) -> Self {
        let inactivity = Expiry::OnInactivity(Duration::milliseconds(sessions.length_ms));
        // Lax: a link in a message must open the console, and nothing changes by GET.
        let layer = |name, secure| {
            SessionManagerLayer::new(sessions.clone())
                .with_name(name)
                .with_secure(secure)
                .with_same_site(SameSite::Lax)
                .with_http_only(true)
                .with_expiry(inactivity)
        };
        Self { plain: layer(PLAIN_COOKIE, false), secure: layer(SECURE_COOKIE, true) }
    }
}

impl<S: Clone> Layer<S> for SessionLayer {
    type Service = SessionSwitch<<SessionManagerLayer<Sessions> as Layer<S>>::Service>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionSwitch { plain: self.plain.layer(inner.clone()), secure: self.secure.layer(inner) }
    }
}

/// Chooses the cookie by how the request came.
#[derive(Clone, Debug)]
pub(crate) struct SessionSwitch<S> {
    plain: S,
    secure: S,
}

impl<S> Service<Request> for SessionSwitch<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), S::Error>> {
        match (self.plain.poll_ready(context), self.secure.poll_ready(context)) {
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ok(())),
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            _ => Poll::Pending,
        }
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let https = request.extensions().get::<Client>().is_some_and(|client| client.https);
        // Behind the session's own cookie.
        if !https {
            let answer = self.plain.call(request);
            return Box::pin(async move { answer.await.map(|answer| known::hand_out(answer, false)) });
        }
        let answer = self.secure.call(request);
        Box::pin(async move { answer.await.map(|answer| known::hand_out(complete_removal(answer), true)) })
    }
}

/// tower-sessions takes a dead session's cookie back without `Secure`; for a name with the prefix browsers ignore that.
fn complete_removal(mut response: Response) -> Response {
    let incomplete = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| text.starts_with(SECURE_COOKIE) && !text.contains("; Secure"))
    };
    if response.headers().get_all(header::SET_COOKIE).iter().any(incomplete) {
        let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response.headers_mut().remove(header::SET_COOKIE);
        for cookie in cookies {
            let completed = match cookie.to_str() {
                Ok(text) if incomplete(&cookie) => {
                    HeaderValue::from_str(&format!("{text}; Secure")).unwrap_or(cookie)
                }
                _ => cookie,
            };
            response.headers_mut().append(header::SET_COOKIE, completed);
        }
    }
    response
}
