//! The keys that seal secrets, out of the configuration or the data folder.

use std::path::{Path, PathBuf};

use ::engine::chance::Chance;
use ::engine::owner;
use ::engine::seal::{self, Sealer};
use anyhow::Context as _;

use super::Secrets;

/// The file in the data folder that holds keys, one a line, the one that seals first.
const KEY_FILE: &str = "secret.key";

impl Secrets {
    /// What seals and opens.
    ///
    /// # Errors
    /// When a key is none, or the key file cannot be read or made.
    pub(crate) fn sealer(&self, folder: &Path, chance: &Chance) -> anyhow::Result<Sealer> {
        let mut keys = match &self.key {
            Some(key) => vec![key.expose().to_owned()],
            None => of_file(folder, chance)?,
        };
        let old = self.old();
        keys.extend(old.iter().cloned());
        // The others were looked at when the configuration was read.
        let sealer = Sealer::new(keys.iter().map(String::as_str), chance.clone())
            .with_context(|| format!("a line of the key file {} is no key", Self::file(folder).display()))?;
        if self.key.is_some() {
            return Ok(sealer);
        }
        // `secrets rotate` beside this process puts new ones there.
        let path = Self::file(folder);
        Ok(sealer.rereading(move || {
            let mut keys = seal::known_keys(&path).ok()??;
            keys.extend(old.iter().cloned());
            Some(keys)
        }))
    }

    /// The keys that still open what they sealed.
    pub(super) fn old(&self) -> Vec<String> {
        let old = self.old_keys.as_ref().map_or("", |keys| keys.expose());
        old.split([',', ' ', '\n']).map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect()
    }

    /// What opens with the old keys, and seals nothing.
    ///
    /// # Errors
    /// When one is none.
    pub(crate) fn old_sealer(&self, chance: &Chance) -> anyhow::Result<Sealer> {
        Ok(Sealer::new(self.old().iter().map(String::as_str), chance.clone())?)
    }

    /// The key file, if the key is to be there and is not.
    pub(crate) fn missing_file(&self, folder: &Path) -> Option<PathBuf> {
        let path = Self::file(folder);
        (self.key.is_none() && !path.exists()).then_some(path)
    }

    /// Where the key file is.
    pub(crate) fn file(folder: &Path) -> PathBuf {
        folder.join(KEY_FILE)
    }
}

fn of_file(folder: &Path, chance: &Chance) -> anyhow::Result<Vec<String>> {
    // With PostgreSQL there may be no data folder yet.
    let path = Secrets::file(folder);
    owner::make_folder(folder)
        .and_then(|()| seal::keys_of_file(&path, chance))
        .with_context(|| format!("the key file {} cannot be read or made (secrets.key)", path.display()))
}
