//! `pharos migrate`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use engine::store::{Db, Schema};

use crate::config::Config;

/// Whether anything is changed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Changes nothing: lists what is pending, and exits with 1 when something is
    #[arg(long)]
    check: bool,
}

/// Runs or lists the pending migrations.
pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<ExitCode> {
    if arguments.check {
        return check(&config).await;
    }
    crate::start::install_tls_provider();
    let db = super::open(&config).await?;
    let pending = db.schema().await?.pending;
    db.migrate().await?;
    db.close().await;
    list("done", &pending);
    Ok(ExitCode::SUCCESS)
}

/// Looks, and makes no file: neither a database nor a key.
async fn check(config: &Config) -> anyhow::Result<ExitCode> {
    crate::start::install_tls_provider();
    let opened = Db::open_to_look(&config.database_url()).await;
    let opened = opened.context("the database cannot be opened (data.dir, data.database_url)")?;
    let schema = if let Some(db) = opened {
        super::name_database(config, "");
        let schema = db.schema().await?;
        db.close().await;
        schema
    } else {
        super::name_database(config, " (it does not exist yet)");
        Schema::of_nothing()
    };
    if let Some(problem) = schema.problem() {
        anyhow::bail!("{problem}");
    }
    list("pending", &schema.pending);
    Ok(if schema.is_current() { ExitCode::SUCCESS } else { ExitCode::from(super::FAILED) })
}

fn list(verb: &str, migrations: &[String]) {
    for migration in migrations {
        super::say(&format!("{verb}: {migration}"));
    }
    if migrations.is_empty() {
        super::say("The schema is up to date.");
    }
}
