//! The keys that seal passwords and tokens in the database.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::time::SECOND;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::store::{Db, leases};
use engine::{keys, seal};

use super::{complain, say};
use crate::config::{Config, Secrets};
use crate::journal::note_command;
use crate::start;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Seals everything with a new key; servers that run read it from the key file
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Do not keep the old keys in the key file; backups that were sealed with them cannot be read any more. No server may run
    #[arg(long)]
    forget: bool,
    /// The key is lost: gives up what it sealed, seals with a new one, and says what is to be entered anew. No server may run
    #[arg(long, conflicts_with = "forget")]
    lost: bool,
}

pub(super) async fn run(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    let Command::Rotate(rotate) = command;
    start::install_tls_provider();
    let path = Secrets::file(&config.data.dir);
    let of_file = config.secrets.key.is_none();
    let forget = rotate.forget && of_file;
    super::must_exist(&config)?;
    // Until the end, so that none starts meanwhile.
    let _lock = if rotate.lost {
        Some(alone(&config, "--lost").await?)
    } else if forget {
        Some(alone(&config, "--forget").await?)
    } else {
        None
    };
    let mut db = if rotate.lost { start::open_keyless(&config).await? } else { start::open(&config).await? };
    super::name_database(&config, "");
    db.migrate().await.context("the schema of the database could not be brought up to date")?;
    if !rotate.lost {
        // Before a key is added that would help nobody.
        keys::agree(&db).await?;
    }
    if of_file {
        add_key(&path)?;
    }
    db = start::with_keys(db, &config)?;
    if rotate.lost {
        let done = keys::give_up_lost(&db, Clock::System.now()).await?;
        db.close().await;
        note_command(&config.log, "secrets rotate", "lost");
        say_lost(&done);
        return Ok(ExitCode::SUCCESS);
    }
    let done = keys::reseal(&db).await?;
    let started = forget && is_served(&db).await?.is_some();
    db.close().await;
    say(&format!(
        "Sealed anew: {} integrations, {} alert definitions and {} monitors.",
        done.integrations, done.definitions, done.monitors
    ));
    note_command(&config.log, "secrets rotate", if forget { "forget" } else { "" });
    let all = done.unreadable.is_empty();
    if !of_file {
        say(if all { "secrets.old_keys may be emptied now." } else { "Keep secrets.old_keys." });
    } else if forget && all && !started {
        let keys = seal::keys_of_file(&path, &Chance::System)?;
        seal::write_keys(&path, &keys[..1])?;
        say("The old keys were removed from the key file.");
    } else if forget {
        say("The old keys stay in the key file: not everything is sealed with the new one.");
    } else {
        say("The old keys stay in the key file, so that backups can be read; --forget removes them.");
    }
    if !of_file {
        say("Start servers that run again: they know the old key only.");
    } else if !forget && Db::file_of(&config.database_url()).is_none() {
        say("Servers that read another key file need these keys, too: copy the file, and start them again.");
    }
    if all {
        return Ok(ExitCode::SUCCESS);
    }
    let error = anyhow::anyhow!(
        "these cannot be read and stay as they are: {}. Give the key that sealed them (secrets.old_keys) and rotate again, or enter \
         their secrets anew",
        done.unreadable.join(", ")
    );
    Ok(complain(&error, super::FAILED))
}

/// What is to be done by hand after the key was lost.
fn say_lost(done: &keys::Resealed) {
    say(&format!(
        "What still opened was sealed anew: {} integrations, {} alert definitions and {} monitors.",
        done.integrations, done.definitions, done.monitors
    ));
    let lost: Vec<_> = done.unreadable.iter().chain(&done.emptied).collect();
    if lost.is_empty() {
        say("Nothing was lost.");
        return;
    }
    say("Passwords and tokens of these were lost. Enter them anew in the console:");
    for one in lost {
        say(&format!("  {one}"));
    }
    say("Until then monitors are checked without them, and messages to these integrations wait.");
}

/// Puts a new key into the file, before anything is sealed with it: whatever happens then, it and the old ones are known.
fn add_key(path: &Path) -> anyhow::Result<()> {
    let known =
        seal::known_keys(path).with_context(|| format!("the key file {} cannot be read", path.display()))?;
    let mut keys = vec![seal::new_key(&Chance::System)];
    keys.extend(known.unwrap_or_default());
    seal::write_keys(path, &keys)
        .with_context(|| format!("the key file {} cannot be written", path.display()))
}

/// Makes sure that no server works with the database: it would go on sealing with a key that is about to be forgotten.
async fn alone(config: &Config, flag: &str) -> anyhow::Result<Option<engine::store::Lock>> {
    let remedy = format!("{flag} needs every server stopped: stop them, rotate, and start them again");
    let lock = start::lock(config).context(remedy.clone())?;
    let db = start::open_keyless(config).await?;
    db.migrate().await.context("the schema of the database could not be brought up to date")?;
    let served = is_served(&db).await?;
    db.close().await;
    if let Some(seconds) = served {
        bail!(
            "{remedy}. One works with this database, or ended without saying so; in that case try again in {seconds} s"
        );
    }
    Ok(lock)
}

/// For how many seconds a server holds the database at least, unless it renews that; `None` when none does.
async fn is_served(db: &Db) -> anyhow::Result<Option<i64>> {
    let mut tx = db.read().await?;
    let now = tx.time(Clock::System.now()).await?;
    let until = leases::held_until(&mut tx, now).await?;
    Ok(until.map(|until| until.since(now) / SECOND + 1))
}
