//! The keys that seal secrets, out of the configuration or the data folder.

use std::path::{Path, PathBuf};

use ::engine::chance::Chance;
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
        let old = self.old_keys.as_ref().map_or("", |keys| keys.expose());
        keys.extend(
            old.split([',', ' ', '\n']).map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned),
        );
        Sealer::new(keys.iter().map(String::as_str), chance.clone()).context(
            "a key that seals secrets is none (secrets.key, secrets.old_keys, secret.key in the data folder)",
        )
    }

    /// Where the key file is.
    pub(crate) fn file(folder: &Path) -> PathBuf {
        folder.join(KEY_FILE)
    }
}

fn of_file(folder: &Path, chance: &Chance) -> anyhow::Result<Vec<String>> {
    // With PostgreSQL there may be no data folder yet.
    let path = Secrets::file(folder);
    std::fs::create_dir_all(folder)
        .and_then(|()| seal::keys_of_file(&path, chance))
        .with_context(|| format!("the key file {} cannot be read or made (secrets.key)", path.display()))
}
