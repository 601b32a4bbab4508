//! Keeps the pages that the hub does not: incidents and months. Each is drawn once until something happens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::pages::status::Theme;
use domain::event::Seq;

use super::document::Document;

/// How long a page is kept when nothing happens: a month has a new day at midnight.
const FRESH: Duration = Duration::from_mins(1);
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
    drawn: Instant,
    document: Arc<Document>,
}

impl Cache {
    /// The page of a key as of the event `seen`, drawn if need be. Errors are not kept.
    pub(super) async fn get<E>(
        &self,
        key: Key,
        seen: Seq,
        draw: impl Future<Output = Result<String, E>>,
    ) -> Result<Arc<Document>, E> {
        let entry = self.entry(&key);
        let mut entry = entry.lock().await;
        if let Some(known) = entry.as_ref()
            && known.seen >= seen
            && known.drawn.elapsed() < FRESH
        {
            return Ok(known.document.clone());
        }
        match draw.await {
            Ok(html) => {
                let document = Arc::new(Document::new(html));
                *entry = Some(Entry { seen, drawn: Instant::now(), document: document.clone() });
                Ok(document)
            }
            Err(error) => {
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
            cache.get(("/history".to_owned(), None), Seq(seen), draw)
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
        assert!(cache.get(key(), Seq(1), async { Err("no such page") }).await.is_err());
        assert!(cache.entries().is_empty());
    }
}
