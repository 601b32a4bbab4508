//! Tokens of programs.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use domain::id::TokenId;
use domain::person::Viewer;

use super::{say, services};
use crate::config::Config;
use crate::journal::note_command;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a token and prints it; it is not shown again
    Create(Create),
    /// Lists tokens, without the tokens themselves
    List,
    /// Takes a token back
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What the token is for
    name: String,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The id that `token list` shows
    id: String,
}

pub(super) async fn run(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    // A first token may be made before the first start.
    if !matches!(command, Command::Create(_)) {
        super::must_exist(&config)?;
    }
    let (db, services) = services(&config).await?;
    match command {
        Command::Create(create) => {
            let (id, token) = services.create_token(&Viewer::System, &create.name).await?;
            say(token.expose());
            note_command(&config.log, "token create", id.as_str());
        }
        Command::List => {
            for token in services.tokens(&Viewer::System).await? {
                let used = token
                    .last_used_at
                    .map_or_else(|| "never used".to_owned(), |at| format!("used {}", at.to_rfc3339()));
                say(&format!("{}  {}  {used}", token.id, token.name));
            }
        }
        Command::Revoke(revoke) => {
            let id: TokenId =
                revoke.id.parse().ok().context("this is no id of a token; `pharos token list` shows them")?;
            services.delete_token(&Viewer::System, &id).await.context("the token cannot be taken back")?;
            say("Taken back.");
            note_command(&config.log, "token revoke", id.as_str());
        }
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
