//! Browsers that somebody logged in with before. Each keeps a sealed mark, so that guesses from elsewhere do not use up its tries at
//! the log-in, after a restart either (OWASP calls it a device cookie). A mark lets nobody in.

use domain::id::AccountKey;
use domain::secret::Secret;
use domain::time::{DAY, Timestamp};

use super::people::fingerprint;
use super::{Result, Services};
use crate::store::accounts;

/// What marks begin with when they are opened: nothing else that is sealed is one.
const PURPOSE: &str = "known-browser";
/// How long a mark counts, in milliseconds. Each log-in gives a new one.
pub const MARK_FOR: i64 = 365 * DAY;
/// The longest mark that is looked at, in bytes.
const MAX_MARK: usize = 512;

/// What a mark says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    account: AccountKey,
    /// Tells it from others of the same account.
    pub(super) browser: String,
    /// Of the hash of the password at that time: with another one, the mark is worth nothing.
    password: String,
    at: Timestamp,
}

impl Mark {
    fn text(&self) -> String {
        format!("{PURPOSE} {} {} {} {}", self.account.0, self.browser, self.password, self.at.0)
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix(PURPOSE)?.strip_prefix(' ')?.split(' ');
        let mark = Self {
            account: AccountKey(words.next()?.parse().ok()?),
            browser: words.next()?.to_owned(),
            password: words.next()?.to_owned(),
            at: Timestamp(words.next()?.parse().ok()?),
        };
        words.next().is_none().then_some(mark)
    }
}

impl Services {
    /// A mark for the browser of somebody who has just logged in; `None` when there is no key to seal it with, or no such account.
    pub async fn mark_browser(&self, account: AccountKey) -> Result<Option<String>> {
        let Some(found) = accounts::by_key(&mut self.inner.db.read().await?, account).await? else {
            return Ok(None);
        };
        let mark = Mark {
            account,
            browser: self.inner.chance.token(),
            password: fingerprint(&found.password_hash),
            at: self.now(),
        };
        Ok(self.inner.db.sealer().seal(&Secret::new(mark.text())).ok())
    }

    /// What a browser's mark says, when it belongs to the account of this address and its present password. Without a mark of ours the
    /// database is not asked.
    pub(super) async fn known_browser(&self, mark: Option<&str>, email: &str) -> Result<Option<Mark>> {
        let opened = mark.filter(|mark| mark.len() <= MAX_MARK).and_then(|mark| {
            let opened = self.inner.db.sealer().open(mark).ok()?;
            Mark::read(opened.expose())
        });
        let Some(mark) = opened.filter(|mark| self.now().since(mark.at) < MARK_FOR) else { return Ok(None) };
        let found = accounts::by_email(&mut self.inner.db.read().await?, email).await?;
        let is_theirs = found.is_some_and(|found| {
            found.account.key == mark.account && fingerprint(&found.password_hash) == mark.password
        });
        Ok(is_theirs.then_some(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_nothing_else_is_one() {
        let mark = |account| Mark {
            account: AccountKey(account),
            browser: "b".to_owned(),
            password: "p".to_owned(),
            at: Timestamp(5),
        };
        assert_eq!(Mark::read(&mark(7).text()), Some(mark(7)));
        for text in
            ["", "Pharos", "known-browser", "known-browser 7 b p", "known-browser 7 b p 5 x", "7 b p 5"]
        {
            assert_eq!(Mark::read(text), None, "{text}");
        }
    }
}
