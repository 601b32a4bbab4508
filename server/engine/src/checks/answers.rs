//! Whole answers of failing checks, where a message is to tell them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::check::evidence::{MAX_EXCERPT_BYTES, clip};
use domain::template::facts::MAX_RESPONSE_BODY_BYTES;
use domain::text::without_nul;

/// The most bytes of answers that are on their way to the database at a time. What comes beyond is told by its start only, so that
/// thousands of targets that fail at once with long pages do not take the memory.
const MAX_HELD_BYTES: usize = 64 << 20;

/// Whether whole answers are wanted, and those that are on their way.
#[derive(Debug, Default)]
pub(super) struct Answers {
    wanted: AtomicBool,
    held: Mutex<Vec<Weak<String>>>,
}

impl Answers {
    /// Says whether anybody is to be told whole answers.
    pub(super) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
    }

    /// Whether anybody is to be told whole answers.
    pub(super) fn are_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// The answer of a failing check; `None` when its excerpt says as much, or when too many are held.
    pub(super) fn keep(&self, text: &str) -> Option<Arc<String>> {
        if text.len() <= MAX_EXCERPT_BYTES {
            return None;
        }
        let answer = Arc::new(clip(&without_nul(text), MAX_RESPONSE_BODY_BYTES).to_owned());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|answer| answer.strong_count() > 0);
        let bytes: usize = held.iter().filter_map(Weak::upgrade).map(|answer| answer.len()).sum();
        if bytes + answer.len() > MAX_HELD_BYTES {
            return None;
        }
        held.push(Arc::downgrade(&answer));
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_when_it_is_wanted_longer_than_its_excerpt_and_there_is_room() {
        let answers = Answers::default();
        let long = "ä".repeat(MAX_RESPONSE_BODY_BYTES);
        assert!(!answers.are_wanted());
        answers.want(true);
        assert!(answers.are_wanted());
        assert_eq!(answers.keep("short"), None);
        let held: Vec<_> = std::iter::from_fn(|| answers.keep(&long)).take(1_000).collect();
        assert_eq!(held.len(), MAX_HELD_BYTES / MAX_RESPONSE_BODY_BYTES);
        assert!(held.iter().all(|answer| answer.len() == MAX_RESPONSE_BODY_BYTES));
        drop(held);
        assert!(answers.keep(&long).is_some(), "what was written makes room");
    }
}
