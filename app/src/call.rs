//! A form's way to its server function: the fields go as the browser would send them, and the answer comes back in place.
//!
//! Leptos' `ServerAction` and `ActionForm` do the same through the arguments' own type, so that each form brings its own
//! reader of forms, writer of forms and machinery into the browser. Only the answer differs in kind here, and most answers
//! say nothing but "done". Together with the one codec of answers it took 345 kB of 2,172 kB off the console's wasm.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::de::DeserializeOwned;
use web_sys::FormData;

use crate::error::AppError;

/// A server function as forms call it, and what became of the last call.
pub struct Call<T: Send + Sync + 'static> {
    path: &'static str,
    value: RwSignal<Option<Result<T, AppError>>>,
    pending: RwSignal<bool>,
    version: RwSignal<u32>,
    done: StoredValue<Option<Done>>,
}

/// What is done as soon as a call ended well.
type Done = Arc<dyn Fn() + Send + Sync>;

impl<T: Send + Sync + 'static> Clone for Call<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Call<T> {}

impl<T: Clone + DeserializeOwned + Send + Sync + 'static> Call<T> {
    /// The way to a function.
    pub fn to<S: ServerFn<Output = T, Error = AppError>>() -> Self {
        Self {
            path: S::url(),
            value: RwSignal::new(None),
            pending: RwSignal::new(false),
            version: RwSignal::new(0),
            done: StoredValue::new(None),
        }
    }

    /// Does something as soon as a call ended well, even when the page that made it is gone by then, as after a redirect.
    #[must_use]
    pub fn then(self, done: impl Fn() + Send + Sync + 'static) -> Self {
        self.done.set_value(Some(Arc::new(done)));
        self
    }

    /// The function's path, for browsers without scripts.
    pub fn path(self) -> &'static str {
        self.path
    }

    /// The last answer.
    pub fn value(self) -> RwSignal<Option<Result<T, AppError>>> {
        self.value
    }

    /// Whether an answer is awaited.
    pub fn pending(self) -> Signal<bool> {
        self.pending.into()
    }

    /// How many answers came.
    pub fn version(self) -> RwSignal<u32> {
        self.version
    }

    /// Sends the fields of a form, unless an answer is awaited. In the browser only.
    pub fn send(self, fields: FormData) {
        if self.pending.get_untracked() {
            return;
        }
        self.pending.set(true);
        let done = self.done.get_value();
        leptos::task::spawn_local(async move {
            let answer = browser::post(self.path, fields).await;
            let read = answer.and_then(|text| serde_json::from_str(&text).map_err(|_| AppError::Unreachable));
            if let (Some(done), Ok(_)) = (done, &read) {
                done();
            }
            // The form may be gone by now.
            self.value.try_set(Some(read));
            self.pending.try_set(false);
            self.version.try_update(|version| *version += 1);
        });
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::server_fn::client::Client;
    use leptos::server_fn::client::browser::BrowserClient;
    use leptos::server_fn::redirect::call_redirect_hook;
    use leptos::server_fn::request::ClientReq;
    use leptos::server_fn::request::browser::BrowserRequest;
    use leptos::server_fn::response::ClientRes;
    use leptos::server_fn::response::browser::BrowserResponse;
    use web_sys::FormData;

    use crate::error::AppError;

    /// Sends the fields, follows where the answer leads, and gives its text.
    pub(super) async fn post(path: &str, fields: FormData) -> Result<String, AppError> {
        let request = <BrowserRequest as ClientReq<AppError>>::try_new_post_form_data(
            path,
            "application/json",
            "application/x-www-form-urlencoded",
            fields.into(),
        )?;
        let response: BrowserResponse = <BrowserClient as Client<AppError>>::send(request).await?;
        let is_error = ClientRes::<AppError>::status(&response) >= 400;
        let goes_on = ClientRes::<AppError>::has_redirect(&response);
        let location = ClientRes::<AppError>::location(&response);
        let text = ClientRes::<AppError>::try_into_string(response).await?;
        if is_error {
            return Err(serde_json::from_str(&text).unwrap_or(AppError::Unreachable));
        }
        if goes_on {
            call_redirect_hook(&location);
        }
        Ok(text)
    }
}

/// Nothing is sent from the server, where no event ever comes.
#[cfg(not(feature = "hydrate"))]
mod browser {
    use web_sys::FormData;

    use crate::error::AppError;

    #[expect(clippy::unused_async, reason = "stands for the browser's")]
    pub(super) async fn post(_path: &str, _fields: FormData) -> Result<String, AppError> {
        Err(AppError::Unreachable)
    }
}
