//! Reading a view again: after something was changed in place, and every few seconds while somebody looks.

use std::future::Future;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::browser;
use crate::call::Call;
use crate::error::AppError;

/// How long the router takes at most to go to where a call leads: a frame, and some.
const SOON: Duration = Duration::from_millis(60);

/// Counts how often a view was to be read again. A resource that depends on it is.
#[derive(Clone, Copy)]
pub struct Again(RwSignal<u32>);

impl Again {
    /// Puts a counter into the context.
    pub fn provide() -> Self {
        let again = Self(RwSignal::new(0));
        provide_context(again);
        again
    }

    /// The counter of the context.
    pub fn here() -> Self {
        expect_context()
    }

    /// How often so far.
    pub fn count(self) -> u32 {
        self.0.get()
    }

    /// Reads the view again.
    pub fn now(self) {
        self.0.try_update(|times| *times += 1);
    }

    /// Reads the view again whenever a call has ended well.
    pub fn after<T: Clone + DeserializeOwned + Send + Sync + 'static>(self, call: Call<T>) {
        Effect::new(move || {
            if call.value().with(|value| matches!(value, Some(Ok(_)))) {
                self.now();
            }
        });
    }

    /// Does what [`Self::after`] does for a call that may lead to another address: by then the page is there, and what it leaves is not
    /// read and drawn before. Who sees the page through the focus would lose it.
    pub fn soon_after<T: Clone + DeserializeOwned + Send + Sync + 'static>(self, call: Call<T>) {
        Effect::new(move || {
            if call.value().with(|value| matches!(value, Some(Ok(_)))) {
                set_timeout(move || self.now(), SOON);
            }
        });
    }
}

/// Reads a view again every so often while somebody looks at it, and draws it again only when it is another one. `key` says what
/// is shown: an answer that comes after it changed is dropped.
pub fn keep_fresh<K, T, F>(
    view: Resource<Result<T, AppError>>,
    every: Duration,
    key: Memo<K>,
    read: impl Fn(K) -> F + Copy + Send + Sync + 'static,
) where
    K: Clone + PartialEq + Send + Sync + 'static,
    T: Clone + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static,
    F: Future<Output = Result<T, AppError>> + 'static,
{
    let is_under_way = StoredValue::new(false);
    let tick = move || {
        if browser::is_hidden() || is_under_way.try_get_value() != Some(false) {
            return;
        }
        let Some(asked) = key.try_get_untracked() else { return };
        is_under_way.set_value(true);
        spawn_local(async move {
            let answer = read(asked.clone()).await;
            is_under_way.try_set_value(false);
            let is_same = key.try_get_untracked() == Some(asked);
            if let Ok(fresh) = answer
                && is_same
                && let Some(shown) = view.try_get_untracked()
                && shown.as_ref().and_then(|shown| shown.as_ref().ok()) != Some(&fresh)
            {
                view.try_set(Some(Ok(fresh)));
            }
        });
    };
    Effect::new(move || {
        if let Ok(handle) = set_interval_with_handle(tick, every) {
            on_cleanup(move || handle.clear());
        }
    });
}
