//! `pharos plan`: what the project may use of what costs money with each message.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use domain::person::Viewer;

use super::{say, services};
use crate::config::Config;
use crate::journal::note_command;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan from now on; without it, the one of today is shown
    plan: Option<Plan>,
}

/// A plan.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Plan {
    /// With text messages
    Paid,
    /// Without
    Free,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<ExitCode> {
    let (db, services) = services(&config).await?;
    services.ensure_project().await?;
    if let Some(plan) = arguments.plan {
        let is_paid = matches!(plan, Plan::Paid);
        services.set_paid(&Viewer::System, is_paid).await?;
        note_command(&config.log, "plan", if is_paid { "paid" } else { "free" });
    }
    say(if services.is_paid(&Viewer::System).await? { "paid" } else { "free" });
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
