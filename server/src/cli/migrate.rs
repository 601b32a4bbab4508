//! `pharos migrate`.

use std::process::ExitCode;

use clap::Args;

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
    let db = super::open(&config).await?;
    let pending = db.pending_migrations().await?;
    if !arguments.check {
        db.migrate().await?;
    }
    db.close().await;
    let verb = if arguments.check { "pending" } else { "done" };
    for migration in &pending {
        super::say(&format!("{verb}: {migration}"));
    }
    if pending.is_empty() {
        super::say("The schema is up to date.");
    }
    let waiting = arguments.check && !pending.is_empty();
    Ok(if waiting { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS })
}
