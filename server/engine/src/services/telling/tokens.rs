//! Tokens of programs.

use domain::id::TokenId;
use domain::person::Viewer;
use domain::secret::Secret;
use domain::views::console::TokenRow;
use sha2::{Digest as _, Sha256};

use super::{Result, ServiceError, Services, operator};
use crate::store::tokens;

/// What tokens begin with, so that scanners of secrets find those that leaked.
pub const TOKEN_PREFIX: &str = "pharos_";
/// The longest name, in characters.
const MAX_NAME: usize = 120;

impl Services {
    /// Makes a token. The text is shown this one time: only its hash is kept.
    pub async fn create_token(&self, viewer: &Viewer, name: &str) -> Result<(TokenId, Secret)> {
        operator(viewer)?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            let message =
                format!("Please say what the token is for, in one line of at most {MAX_NAME} characters.");
            return Err(ServiceError::invalid("name", message));
        }
        let now = self.now();
        let text = format!("{TOKEN_PREFIX}{}", self.inner.chance.token());
        let id = TokenId::new(self.inner.chance.bytes());
        let mut tx = self.inner.db.write().await?;
        let project = self.project(&mut tx, now).await?;
        tokens::insert(&mut tx, project, &id, name, &hash(&text), now).await?;
        tx.commit().await?;
        Ok((id, Secret::new(text)))
    }

    /// Every token, the newest first.
    pub async fn tokens(&self, viewer: &Viewer) -> Result<Vec<TokenRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(tokens::all(&mut tx).await?)
    }

    /// Takes a token back.
    pub async fn delete_token(&self, viewer: &Viewer, id: &TokenId) -> Result<()> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        if !tokens::delete(&mut tx, id).await? {
            return Err(ServiceError::NotFound);
        }
        tx.commit().await?;
        Ok(())
    }

    /// On whose behalf a token speaks; anonymous when it is none of ours.
    pub async fn viewer_of_token(&self, text: &str) -> Result<Viewer> {
        let mut tx = self.inner.db.read().await?;
        let Some((key, token)) = tokens::by_hash(&mut tx, &hash(text.trim())).await? else {
            return Ok(Viewer::Anonymous);
        };
        drop(tx);
        let now = self.now();
        if token.last_used_at.is_none_or(|at| now.since(at) > domain::time::MINUTE) {
            let mut tx = self.inner.db.write().await?;
            tokens::touch(&mut tx, key, now).await?;
            tx.commit().await?;
        }
        Ok(Viewer::Program { token: token.id, name: token.name })
    }
}

fn hash(text: &str) -> String {
    use std::fmt::Write as _;

    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hash, byte| {
        // Writing to a text does not fail.
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}
