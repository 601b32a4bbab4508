//! The keys that seal passwords and tokens in the database.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use engine::chance::Chance;
use engine::{keys, seal};

use super::say;
use crate::config::{Config, Secrets};
use crate::start;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Seals everything with a new key; servers that run must be started again
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Do not keep the old keys in the key file; backups that were sealed with them cannot be read any more
    #[arg(long)]
    forget: bool,
}

pub(super) async fn run(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    let Command::Rotate(rotate) = command;
    start::install_tls_provider();
    let folder = &config.data.dir;
    let path = Secrets::file(folder);
    if config.secrets.key.is_none() {
        // The new key stands in the file before anything is sealed with it: whatever happens then, both are known.
        let known = seal::keys_of_file(&path, &Chance::System)
            .with_context(|| format!("the key file {} cannot be read or made", path.display()))?;
        let mut keys = vec![seal::new_key(&Chance::System)];
        keys.extend(known);
        seal::write_keys(&path, &keys)
            .with_context(|| format!("the key file {} cannot be written", path.display()))?;
    }
    let db = super::open(&config).await?;
    db.migrate().await.context("the schema of the database could not be brought up to date")?;
    let done = keys::reseal(&db).await?;
    db.close().await;
    let keys::Resealed { integrations, definitions, monitors } = done;
    say(&format!(
        "Sealed anew: {integrations} integrations, {definitions} alert definitions and {monitors} monitors."
    ));
    if config.secrets.key.is_none() {
        if rotate.forget {
            let keys = seal::keys_of_file(&path, &Chance::System)?;
            seal::write_keys(&path, &keys[..1])?;
            say("The old keys were removed from the key file.");
        } else {
            say("The old keys stay in the key file, so that backups can be read; --forget removes them.");
        }
    } else {
        say("secrets.old_keys may be emptied now.");
    }
    say("Start servers that run again: they know the old key only.");
    Ok(ExitCode::SUCCESS)
}
