//! People: setting up, logging in, passwords and names.

use domain::form::FieldError;
use domain::id::{AccountId, AccountKey};
use domain::person::{Account, MAX_PASSWORD, MIN_PASSWORD, Viewer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::attempts::Attempts;
use super::password::Passwords;
use super::{Result, ServiceError, Services};
use crate::store::{StoreError, Tx, accounts, confirmations, sessions, settings};

/// The setting that holds the SHA-256 of the set-up token, in hexadecimal digits.
const SETUP_TOKEN: &str = "setup_token";
/// The longest e-mail address, in characters (RFC 5321, section 4.5.3.1.3, without the brackets).
const MAX_EMAIL: usize = 254;
/// The longest name of a person, in characters.
const MAX_NAME: usize = 120;
/// What is said to whoever cannot log in: the same, whether the account exists or not.
const REFUSED: &str = "The e-mail address or the password is wrong.";

/// What guards the door: hashing, and how often somebody tried.
#[derive(Debug, Default)]
pub(crate) struct Door {
    passwords: Passwords,
    attempts: Attempts,
}

/// Somebody who is to have an account.
#[derive(Clone)]
pub struct NewAccount {
    /// The address they log in with.
    pub email: String,
    /// What they are called; empty takes the part of the address before the `@`.
    pub name: String,
    /// Their password.
    pub password: String,
}

impl NewAccount {
    /// The account as it is kept, or every rule that is broken.
    fn examined(&self) -> Result<Self> {
        let email = self.email.trim().to_lowercase();
        let mut errors = Vec::new();
        errors.extend(email_error(&email));
        let before_at = email.split_once('@').map_or("", |(local, _)| local);
        let name = Some(self.name.trim()).filter(|name| !name.is_empty()).unwrap_or(before_at).to_owned();
        errors.extend(name_error(&name));
        errors.extend(password_error("password", &self.password));
        if errors.is_empty() {
            Ok(Self { email, name, password: self.password.clone() })
        } else {
            Err(ServiceError::Invalid(errors))
        }
    }
}

impl Services {
    /// Whether somebody has an account.
    pub async fn is_set_up(&self) -> Result<bool> {
        Ok(accounts::count(&mut self.inner.db.read().await?).await? > 0)
    }

    /// A new set-up token, which makes every older one useless; `None` when somebody has an account. Only its hash is kept.
    pub async fn new_setup_token(&self) -> Result<Option<String>> {
        let mut tx = self.inner.db.write().await?;
        if accounts::count(&mut tx).await? > 0 {
            return Ok(None);
        }
        let token = self.inner.chance.token();
        settings::put(&mut tx, SETUP_TOKEN, &fingerprint(&token)).await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// Makes the first account for whoever holds the set-up token.
    ///
    /// # Errors
    /// `Invalid` with the field `token`, `email`, `name` or `password`; `Conflict` when somebody has an account.
    pub async fn set_up(&self, token: &str, account: &NewAccount) -> Result<Account> {
        check_setup_token(&mut self.inner.db.read().await?, token).await?;
        let account = account.examined()?;
        let hash = self.hash(&account.password).await?;
        let mut tx = self.inner.db.write().await?;
        // Somebody with the same link may have been quicker while we hashed.
        check_setup_token(&mut tx, token).await?;
        settings::remove(&mut tx, SETUP_TOKEN).await?;
        self.insert_and_commit(tx, account, &hash).await
    }

    /// Makes the first account without a token: the configuration asks for it. Does nothing when there is an account.
    pub async fn add_first_account(&self, viewer: &Viewer, account: &NewAccount) -> Result<Option<Account>> {
        system(viewer)?;
        if self.is_set_up().await? {
            return Ok(None);
        }
        let account = account.examined()?;
        let hash = self.hash(&account.password).await?;
        let mut tx = self.inner.db.write().await?;
        if accounts::count(&mut tx).await? > 0 {
            return Ok(None);
        }
        settings::remove(&mut tx, SETUP_TOKEN).await?;
        self.insert_and_commit(tx, account, &hash).await.map(Some)
    }

    /// Makes another account.
    ///
    /// # Errors
    /// `Invalid` by field; `Conflict` when the address has an account.
    pub async fn add_user(&self, viewer: &Viewer, account: &NewAccount) -> Result<Account> {
        super::operator(viewer)?;
        let account = account.examined()?;
        let hash = self.hash(&account.password).await?;
        let tx = self.inner.db.write().await?;
        self.insert_and_commit(tx, account, &hash).await
    }

    /// Who logs in with an address and a password. `client` tells clients apart, to bound how often each may try; `mark` is what the
    /// browser shows for having logged in before ([`Self::mark_browser`]): as such it has tries of its own.
    ///
    /// # Errors
    /// `Invalid`, with the same sentence and after the same time whether the account exists or not; `TooMany`.
    pub async fn log_in(
        &self,
        email: &str,
        password: &str,
        client: &str,
        mark: Option<&str>,
    ) -> Result<Account> {
        let email = email.trim().to_lowercase();
        let guard = &self.inner.door;
        let name = short(&email);
        let known = self.known_browser(mark, &email).await?;
        // One that has used up its own is like any other.
        if !known.as_ref().is_some_and(|mark| guard.attempts.count_known(&mark.browser, self.now())) {
            guard.attempts.count(client, name, self.now())?;
        }
        // Longer ones cannot be right and would keep the hash function busy.
        let password = if password.chars().count() > MAX_PASSWORD { "" } else { password };
        let found = accounts::by_email(&mut self.inner.db.read().await?, &email).await?;
        let hash = found.as_ref().map(|found| found.password_hash.as_str());
        match (guard.passwords.verify(password, hash).await?, found) {
            (true, Some(found)) => {
                guard.attempts.forgive(client, name);
                guard.attempts.welcome(client, self.now());
                if let Some(mark) = known {
                    guard.attempts.forgive_known(&mark.browser);
                }
                Ok(found.account)
            }
            _ => Err(ServiceError::invalid("password", REFUSED)),
        }
    }

    /// The account of a key, for whoever holds its session.
    pub async fn account(&self, key: AccountKey) -> Result<Option<Account>> {
        let found = accounts::by_key(&mut self.inner.db.read().await?, key).await?;
        Ok(found.map(|found| found.account))
    }

    /// Changes the viewer's password and ends all their sessions; the edge begins a new one for the browser that asked.
    ///
    /// # Errors
    /// `Invalid` with the field `current` or `new`; `TooMany`; `Forbidden` for whoever has no account.
    pub async fn change_password(&self, viewer: &Viewer, current: &str, new: &str) -> Result<()> {
        let key = viewer.account().ok_or(ServiceError::Forbidden)?.key;
        if let Some(error) = password_error("new", new) {
            return Err(ServiceError::Invalid(vec![error]));
        }
        self.prove(key, current).await?;
        self.set_password(key, new).await
    }

    /// Changes the address that the viewer logs in with. Links that were mailed to the old one are worth nothing then, and the new
    /// one is not confirmed.
    ///
    /// # Errors
    /// `Invalid` with the field `email` or `current`; `Conflict` when the address has an account; `TooMany`; `Forbidden` for
    /// whoever has no account.
    pub async fn change_email(&self, viewer: &Viewer, email: &str, current: &str) -> Result<()> {
        let account = viewer.account().ok_or(ServiceError::Forbidden)?;
        let email = email.trim().to_lowercase();
        if let Some(error) = email_error(&email) {
            return Err(ServiceError::Invalid(vec![error]));
        }
        self.prove(account.key, current).await?;
        if email == account.email {
            return Ok(());
        }
        let mut tx = self.inner.db.write().await?;
        let changed = accounts::set_email(&mut tx, account.key, &email, self.now()).await;
        changed.map_err(|error| taken(error, &email))?;
        confirmations::delete_of(&mut tx, account.key).await?;
        Ok(tx.commit().await?)
    }

    /// Refuses whoever does not know the password of the account that they are logged in to.
    async fn prove(&self, key: AccountKey, current: &str) -> Result<()> {
        let guard = &self.inner.door;
        let name = format!("account {}", key.0);
        guard.attempts.count(&name, "", self.now())?;
        let found =
            accounts::by_key(&mut self.inner.db.read().await?, key).await?.ok_or(ServiceError::NotFound)?;
        if !guard.passwords.verify(current, Some(&found.password_hash)).await? {
            return Err(ServiceError::invalid("current", "This is not your current password."));
        }
        guard.attempts.forgive(&name, "");
        Ok(())
    }

    /// Gives an account another password and ends all its sessions; only the command line may.
    ///
    /// # Errors
    /// `NotFound` when no account has the address; `Invalid` with the field `password`.
    pub async fn reset_password(&self, viewer: &Viewer, email: &str, password: &str) -> Result<Account> {
        system(viewer)?;
        if let Some(error) = password_error("password", password) {
            return Err(ServiceError::Invalid(vec![error]));
        }
        let email = email.trim().to_lowercase();
        let found = accounts::by_email(&mut self.inner.db.read().await?, &email).await?;
        let account = found.ok_or(ServiceError::NotFound)?.account;
        self.set_password(account.key, password).await?;
        Ok(account)
    }

    /// Changes what the viewer is called.
    ///
    /// # Errors
    /// `Invalid` with the field `name`; `Forbidden` for whoever has no account.
    pub async fn rename(&self, viewer: &Viewer, name: &str) -> Result<()> {
        let key = viewer.account().ok_or(ServiceError::Forbidden)?.key;
        let name = name.trim();
        if let Some(error) = name_error(name) {
            return Err(ServiceError::Invalid(vec![error]));
        }
        let mut tx = self.inner.db.write().await?;
        accounts::rename(&mut tx, key, name, self.now()).await?;
        Ok(tx.commit().await?)
    }

    async fn hash(&self, password: &str) -> Result<String> {
        self.inner.door.passwords.hash(&self.inner.chance, password).await
    }

    async fn set_password(&self, key: AccountKey, password: &str) -> Result<()> {
        let hash = self.hash(password).await?;
        let mut tx = self.inner.db.write().await?;
        accounts::set_password(&mut tx, key, &hash, self.now()).await?;
        sessions::delete_others(&mut tx, key, None).await?;
        Ok(tx.commit().await?)
    }

    async fn insert_and_commit(&self, mut tx: Tx, account: NewAccount, hash: &str) -> Result<Account> {
        let id = AccountId::new(self.inner.chance.bytes());
        let inserted = accounts::insert(&mut tx, &id, &account.email, &account.name, hash, self.now()).await;
        let key = inserted.map_err(|error| taken(error, &account.email))?;
        tx.commit().await?;
        Ok(Account { key, id, email: account.email, name: account.name })
    }
}

async fn check_setup_token(tx: &mut Tx, token: &str) -> Result<()> {
    if accounts::count(tx).await? > 0 {
        return Err(ServiceError::Conflict("Pharos is set up already; please log in.".to_owned()));
    }
    let kept = settings::get(tx, SETUP_TOKEN).await?.unwrap_or_default();
    if bool::from(kept.as_bytes().ct_eq(fingerprint(token).as_bytes())) {
        Ok(())
    } else {
        let message =
            "This set-up link is not valid any more. The log shows a new one at each start of Pharos.";
        Err(ServiceError::invalid("token", message))
    }
}

/// The SHA-256 of a token, in hexadecimal digits. A token is random enough to need no slow hash.
pub(super) fn fingerprint(token: &str) -> String {
    use std::fmt::Write as _;

    Sha256::digest(token.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn system(viewer: &Viewer) -> Result<()> {
    if matches!(viewer, Viewer::System) { Ok(()) } else { Err(ServiceError::Forbidden) }
}

fn taken(error: StoreError, email: &str) -> ServiceError {
    if error.is_conflict() {
        ServiceError::Conflict(format!("{email} has an account already; its password can be reset."))
    } else {
        error.into()
    }
}

/// Whether it looks like an address; only a message that arrives proves one.
fn is_address(local: &str, host: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@')
    };
    plain(local) && plain(host) && !host.starts_with('.') && !host.ends_with('.')
}

fn email_error(email: &str) -> Option<FieldError> {
    let fits = email.split_once('@').is_some_and(|(local, host)| is_address(local, host));
    (!fits || email.chars().count() > MAX_EMAIL)
        .then(|| FieldError::new("email", "Write an e-mail address, such as ada@example.org."))
}

fn name_error(name: &str) -> Option<FieldError> {
    if name.is_empty() {
        Some(FieldError::new("name", "Write a name."))
    } else if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        Some(FieldError::new("name", format!("A name is one line of at most {MAX_NAME} characters.")))
    } else {
        None
    }
}

fn password_error(field: &str, password: &str) -> Option<FieldError> {
    let length = password.chars().count();
    if (MIN_PASSWORD..=MAX_PASSWORD).contains(&length) {
        None
    } else {
        let message =
            format!("A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; a sentence is a good one.");
        Some(FieldError::new(field, message))
    }
}

/// As much of an address as counting tries needs: what is sent may be long.
fn short(email: &str) -> &str {
    email.char_indices().nth(MAX_EMAIL).map_or(email, |(end, _)| &email[..end])
}
