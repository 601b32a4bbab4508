//! The only door from pages and their functions to the services.

use std::sync::{Arc, Mutex, PoisonError};

use domain::form::Form;
use domain::origin::Origin;
use domain::person::{Account, Viewer};
use engine::services::session::SessionIntent;
use engine::services::{ServiceError, Services};
use http::header::{ACCEPT, HOST, HeaderName, HeaderValue, LOCATION, REFERER};
use http::request::Parts;
use http::{StatusCode, Uri};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use leptos_router::params::ParamsMap;

use crate::components::choices::FIND;
use crate::error::AppError;
use crate::flash::Flash;

/// The page that somebody returns to when the browser does not say where they came from.
const HOME: &str = "/console";

/// What the edge gives to pages and functions, from one closure for both.
#[derive(Clone, Debug)]
pub struct Request {
    /// What may be asked for.
    pub services: Services,
    /// On whose behalf.
    pub viewer: Viewer,
    /// Where to leave word of a log-in or a log-out.
    pub session: SessionIntent,
    /// What tells clients apart, to bound how often each may try to log in.
    pub client: String,
    /// What the browser shows for having logged in before.
    pub mark: Option<String>,
    /// Whether there is an app at Slack, so that channels are added with two clicks.
    pub slack: bool,
    /// Where the browser is, as far as it and the request say: anybody can write that.
    pub origin: Option<Origin>,
    /// Why nobody can be logged in with this browser, and what to do: it would drop the cookie of the session.
    pub refusal: Option<String>,
}

impl Request {
    /// Refuses a log-in after which the browser would be as much a stranger as before; called before anything is made or counted.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] with what to do.
    pub fn can_log_in(&self) -> Result<(), ServiceError> {
        let Some(words) = &self.refusal else { return Ok(()) };
        tracing::warn!("nobody was logged in: the browser would drop the cookie. {words}");
        Err(ServiceError::Conflict(words.clone()))
    }

    /// Remembers where somebody has just logged in, for links in messages. That it fails is no reason to keep them out.
    pub async fn entered(&self, account: &Account) {
        let Some(origin) = &self.origin else { return };
        let viewer = Viewer::Person(account.clone());
        if let Err(error) = self.services.logged_in_at(&viewer, origin).await {
            tracing::warn!(%error, "where somebody logged in could not be remembered");
        }
    }
}

/// The request that is being answered.
///
/// # Errors
/// `Internal` outside of a request.
pub fn request() -> Result<Request, AppError> {
    use_context::<Request>().ok_or_else(|| {
        tracing::error!("a page's function ran without a request");
        AppError::Internal
    })
}

/// Flashes of one request: the one that the last request left, and the one for the next page.
#[derive(Clone, Debug, Default)]
pub struct Flashes {
    kept: Arc<Mutex<Option<Flash>>>,
    left: Arc<Mutex<Option<Flash>>>,
}

impl Flashes {
    /// Flashes with the one that the session kept.
    pub fn new(kept: Option<Flash>) -> Self {
        Self { kept: Arc::new(Mutex::new(kept)), left: Arc::default() }
    }

    /// The kept flash, if it is meant for this form.
    pub fn kept(&self, form: &str) -> Option<Flash> {
        lock(&self.kept).clone().filter(|flash| flash.form == form)
    }

    /// Leaves a flash for the next page.
    pub fn leave(&self, flash: Flash) {
        *lock(&self.left) = Some(flash);
    }

    /// What is to be kept for the next page, once.
    pub fn take_left(&self) -> Option<Flash> {
        lock(&self.left).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A form that was sent: its id, and what was typed without its secrets.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    form: String,
    values: Form,
    forgot: bool,
    page: Option<String>,
    tells: bool,
}

impl Sent {
    /// The form of this id, without values.
    pub fn form(id: impl Into<String>) -> Self {
        Self { form: id.into(), ..Self::default() }
    }

    /// Adds a value that the page shows again when the form is refused. Never a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// Adds many values. Never secrets.
    #[must_use]
    pub fn with_all(mut self, values: &Form) -> Self {
        self.values.extend(values.clone());
        self
    }

    /// Says whether secrets were typed that are not among the values: whoever did is told to type them again.
    #[must_use]
    pub fn forgetting(mut self, secrets: bool) -> Self {
        self.forgot = secrets;
        self
    }

    /// Leaves the flash to another form than the one that was sent.
    #[must_use]
    pub fn of_form(mut self, id: &str) -> Self {
        id.clone_into(&mut self.form);
        self
    }

    /// Names the page that shows the flash, when it is not always the one that the form stands on.
    #[must_use]
    pub fn on_page(mut self, path: String) -> Self {
        self.page = Some(path);
        self
    }

    /// Names the place of the form on its page, with another search in the address.
    #[must_use]
    pub fn finding(self, search: &str) -> Self {
        let mut params = ParamsMap::new();
        params.insert(FIND, search.trim().to_owned());
        let here = back();
        let (path, query) = here.split_once('?').unwrap_or((&here, ""));
        let others = query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(FIND));
        let mut page = format!("{path}{}", params.to_query_string());
        for pair in others {
            page.push('&');
            page.push_str(pair);
        }
        page.push('#');
        page.push_str(&self.form);
        self.on_page(page)
    }

    /// Lets the page that somebody goes on to know that it was done, when it comes without scripts.
    #[must_use]
    pub fn telling(mut self) -> Self {
        self.tells = true;
        self
    }

    /// Ends a function: a page with scripts gets the result, one without is sent back to where it came from and shown it.
    pub fn answer<T>(self, result: Result<T, ServiceError>) -> Result<T, AppError> {
        self.finish(result, |_| None, |_, _| ())
    }

    /// Like [`Self::answer`]; when it is done, everybody goes on to the path.
    pub fn answer_then<T>(
        self,
        result: Result<T, ServiceError>,
        next: impl FnOnce(&T) -> String,
    ) -> Result<T, AppError> {
        self.finish(result, |done| Some(next(done)), |_, _| ())
    }

    /// Like [`Self::answer`]; `show` puts what was found into the flash of the page without scripts, which also gets back
    /// what was typed.
    pub fn answer_showing<T>(
        self,
        result: Result<T, ServiceError>,
        show: impl FnOnce(&T, &mut Flash),
    ) -> Result<T, AppError> {
        self.finish(result, |_| None, show)
    }

    fn finish<T>(
        self,
        result: Result<T, ServiceError>,
        next: impl FnOnce(&T) -> Option<String>,
        show: impl FnOnce(&T, &mut Flash),
    ) -> Result<T, AppError> {
        let result = result.map_err(AppError::from);
        let mut flash =
            Flash { form: self.form, values: self.values, forgot: self.forgot, ..Flash::default() };
        let next = match &result {
            Ok(done) => {
                show(done, &mut flash);
                next(done)
            }
            Err(error) => {
                flash.error = Some(error.clone());
                status(error);
                None
            }
        };
        let leave = |flash| {
            if let Some(flashes) = use_context::<Flashes>() {
                flashes.leave(flash);
            }
        };
        match next {
            Some(path) => {
                if self.tells && is_plain() {
                    leave(flash);
                }
                redirect(&path);
            }
            None if is_plain() => {
                leave(flash);
                redirect(&self.page.unwrap_or_else(back));
            }
            None => {}
        }
        result
    }
}

/// Sends the browser to a path of ours: at once when it came without scripts, through the router of the page otherwise.
pub fn redirect(path: &str) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let path = if is_local(path) { path } else { HOME };
    let Ok(location) = HeaderValue::from_str(path) else { return };
    response.insert_header(LOCATION, location);
    if is_plain() {
        // 303 rather than 302: the next request is a GET, whatever this one was.
        response.set_status(StatusCode::SEE_OTHER);
    } else {
        let name = HeaderName::from_static(leptos::server_fn::redirect::REDIRECT_HEADER);
        response.insert_header(name, HeaderValue::from_static(""));
    }
}

/// Gives the answer the status of an error.
pub(crate) fn status(error: &AppError) {
    if let (Some(response), Ok(status)) =
        (use_context::<ResponseOptions>(), StatusCode::from_u16(error.status()))
    {
        response.set_status(status);
    }
}

/// Gives the answer the status of an error, unless it has one: a form that goes back to its page keeps its redirect.
pub(crate) fn status_if_none(error: &AppError) {
    let has_one = use_context::<ResponseOptions>()
        .is_none_or(|response| response.0.read().unwrap_or_else(PoisonError::into_inner).status.is_some());
    if !has_one {
        status(error);
    }
}

/// Whether a path leads to a page of ours and nowhere else.
pub fn is_local(path: &str) -> bool {
    domain::origin::is_own_path(path)
}

/// Whether the browser sent the form itself, and so wants a page for an answer.
fn is_plain() -> bool {
    header(&ACCEPT).is_some_and(|accepts| accepts.contains("text/html"))
}

/// The page that the form stands on, as a path of ours.
fn back() -> String {
    let from = header(&REFERER).and_then(|referer| referer.parse::<Uri>().ok());
    let host = header(&HOST);
    from.filter(|uri| uri.authority().map(http::uri::Authority::as_str) == host.as_deref())
        .and_then(|uri| uri.path_and_query().map(|path| path.as_str().to_owned()))
        .filter(|path| is_local(path))
        .unwrap_or_else(|| HOME.to_owned())
}

fn header(name: &HeaderName) -> Option<String> {
    let parts = use_context::<Parts>()?;
    parts.headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_followed() {
        for path in ["/", "/console/monitors?state=down", "/login?next=%2Fconsole"] {
            assert!(is_local(path), "{path}");
        }
        for path in [
            "",
            "console",
            "//evil.example",
            "/.//evil.example/x",
            "/..//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/a\r\nset-cookie: b",
        ] {
            assert!(!is_local(path), "{path}");
        }
    }

    #[test]
    fn a_flash_is_shown_by_its_own_form_only() {
        let flashes = Flashes::new(Some(Flash { form: "login".to_owned(), ..Flash::default() }));
        assert!(flashes.kept("account").is_none());
        assert!(flashes.kept("login").is_some());
    }
}
