//! Hashing of passwords: argon2id with the parameters of OWASP's cheat sheet (19 MiB, two rounds, one lane), about 50 ms.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use super::{Result, ServiceError};
use crate::chance::Chance;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Rounds of one hash.
const ROUNDS: u32 = 2;
/// Hashes that are computed at the same time: more would only take memory and the checks' processor time.
const TURNS: usize = 2;
/// The hash of a password that nobody has, with the same parameters: an unknown address costs as much time as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cGhhcm9zLW5vYm9keS1oYXM$+mHktGNO8x9TSF4FWiLhSOlrGQSC0LrXjVfQ9cHQYQI";

/// Hashes and verifies passwords, a few at a time and never on the threads that serve requests.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Semaphore::new(TURNS) }
    }
}

impl Passwords {
    /// The hash of a password with a new salt, as a PHC string.
    pub(crate) async fn hash(&self, chance: &Chance, password: &str) -> Result<String> {
        let (salt, password) = (chance.bytes::<16>(), password.to_owned());
        self.run(move || {
            let hash = hasher()?.hash_password_with_salt(password.as_bytes(), &salt);
            Ok(hash.map_err(|error| internal(&error))?.to_string())
        })
        .await
    }

    /// Whether a password is the one of a hash; `None` takes as long as any other hash and is never right.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let known = hash.is_some();
        let (hash, password) = (hash.unwrap_or(NOBODY).to_owned(), password.to_owned());
        self.run(move || Ok(hasher()?.verify_password(password.as_bytes(), hash.as_str()).is_ok() && known))
            .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let _turn = self.turns.acquire().await.map_err(|error| internal(&error))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| internal(&error))?
    }
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, None).map_err(|error| internal(&error))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn internal(error: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::Internal(format!("hashing a password: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_verified_by_its_own_password_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&Chance::seeded(1), "correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("battery staple", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_account_takes_a_hash_of_the_same_cost() {
        // A string that cannot be read would be refused at once, and so tell that the account does not exist.
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok_and(|hash| hash.hash.is_some()));
        assert!(!Passwords::default().verify("anything", None).await.unwrap());
    }
}
