//! Keeps the pages that the hub does not: incidents and months. Each is drawn once until something happens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::pages::status::Theme;
use domain::event::Seq;

use super::document::Document;

/// How long a page is kept when nothing happens: a month has a new day at midnight.
const FRESH: Duration = Duration::from_mins(1);
/// How long an older page is shown without trying again when it could not be drawn: whoever tries waits for seconds.
const AGAIN: Duration = Duration::from_secs(5);
/// The most pages that are kept; beyond, all are forgotten. Nobody reads so many at a time but crawlers.
const MOST: usize = 512;

/// What a page is known by: its path and the theme.
pub(super) type Key = (String, Option<Theme>);

/// The pages. The lock of an entry is held while it is drawn, so that it is drawn once however many ask.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Option<Entry>>>>>,
}

#[derive(Debug)]
struct Entry {
    seen: Seq,
    /// Until when it is shown without a look at the database, if nothing happens.
    until: Instant,
    document: Arc<Document>,
}

impl Cache {
    /// The page of a key as of the event `seen`, drawn if need be. Errors are not kept; those that are `passing` leave the page as it
    /// was, because an old one is better than none.
    pub(super) async fn get<E>(
        &self,
        key: Key,
        seen: Seq,
        draw: impl Future<Output = Result<String, E>>,
        passing: impl Fn(&E) -> bool,
    ) -> Result<Arc<Document>, E> {
        let entry = self.entry(&key);
        let mut entry = entry.lock().await;
        if let Some(known) = entry.as_ref()
            && known.seen >= seen
            && Instant::now() < known.until
        {
            return Ok(known.document.clone());
        }
        match draw.await {
            Ok(html) => {
                let document = Arc::new(Document::new(html));
                *entry = Some(Entry { seen, until: Instant::now() + FRESH, document: document.clone() });
                Ok(document)
            }
            Err(error) => {
                if let Some(known) = entry.as_mut().filter(|_| passing(&error)) {
                    (known.seen, known.until) = (known.seen.max(seen), Instant::now() + AGAIN);
                    return Ok(known.document.clone());
                }
                // Addresses that were made up must not fill the memory.
                self.entries().remove(&key);
                Err(error)
            }
        }
    }

    fn entry(&self, key: &Key) -> Arc<tokio::sync::Mutex<Option<Entry>>> {
        let mut entries = self.entries();
        if entries.len() >= MOST && !entries.contains_key(key) {
            entries.clear();
        }
        entries.entry(key.clone()).or_default().clone()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Arc<tokio::sync::Mutex<Option<Entry>>>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_page_is_drawn_once_until_something_happens() {
        let (cache, drawn) = (Cache::default(), AtomicUsize::new(0));
        let get = |seen| {
            let draw = async {
                drawn.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<_, Infallible>("page".to_owned())
            };
            cache.get(("/history".to_owned(), None), Seq(seen), draw, |never| match *never {})
        };
        let (one, two, three) = tokio::join!(get(1), get(1), get(1));
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        assert_eq!(drawn.load(Ordering::Relaxed), 1);
        get(2).await.unwrap();
        assert_eq!(drawn.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn an_error_is_not_kept() {
        let cache = Cache::default();
        let key = || ("/incidents/x".to_owned(), None);
        assert!(cache.get(key(), Seq(1), async { Err("no such page") }, |_| false).await.is_err());
        assert!(cache.get(key(), Seq(1), async { Err("away") }, |_| true).await.is_err(), "none is known");
        assert!(cache.entries().is_empty());
    }

    #[tokio::test]
    async fn a_page_that_cannot_be_drawn_just_now_stays_as_it_was() {
        let cache = Cache::default();
        let get = async |seen, drawn: Result<&str, &'static str>| {
            let draw = async { drawn.map(ToOwned::to_owned) };
            cache.get(("/history".to_owned(), None), Seq(seen), draw, |error| *error == "away").await
        };
        let first = get(1, Ok("old")).await.unwrap();
        assert!(Arc::ptr_eq(&get(2, Err("away")).await.unwrap(), &first));
        assert!(Arc::ptr_eq(&get(2, Ok("new")).await.unwrap(), &first), "nobody tries again at once");
        assert!(!Arc::ptr_eq(&get(3, Ok("new")).await.unwrap(), &first));
        assert_eq!(get(4, Err("no such page")).await.unwrap_err(), "no such page");
        assert!(cache.entries().is_empty());
    }
}
