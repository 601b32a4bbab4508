//! What is to happen to a browser's session: said below the edge, done by the edge, which holds the session.

use std::sync::{Arc, Mutex, PoisonError};

use domain::id::AccountKey;

/// A change of the browser's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// The person of this account logged in: a session with a new id begins. Said again for somebody who is logged in, it
    /// changes the id of the session only.
    Begin(AccountKey),
    /// The person logged out.
    End,
}

/// Where a request leaves word of a change. The edge makes one for each request, lends it to the page's functions and carries
/// the last word out before it answers.
#[derive(Clone, Debug, Default)]
pub struct SessionIntent {
    change: Arc<Mutex<Option<SessionChange>>>,
}

impl SessionIntent {
    /// Leaves word.
    pub fn set(&self, change: SessionChange) {
        *self.change.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
    }

    /// The last word, once.
    pub fn take(&self) -> Option<SessionChange> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
