//! `pharos user`: accounts, from the machine itself. Whoever may read the database needs no password here.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::person::Viewer;
use engine::chance::Chance;
use engine::services::ServiceError;
use engine::services::people::NewAccount;

use crate::config::Config;
use crate::journal::note_command;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds somebody who may log in
    Add {
        /// The e-mail address
        email: String,
        /// What they are called [default: the part before the @]
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
        #[command(flatten)]
        password: Password,
    },
    /// Gives somebody another password and logs them out everywhere
    ResetPassword {
        /// The e-mail address
        email: String,
        #[command(flatten)]
        password: Password,
    },
}

/// Where the password comes from. Never from an argument: other users of the machine can read those.
#[derive(Debug, Args)]
pub(super) struct Password {
    /// Reads the password from the first line of standard input; without this, one is made up and printed
    #[arg(long)]
    password_stdin: bool,
}

/// Carries the command out.
pub(super) async fn run(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    if let Command::ResetPassword { .. } = command {
        super::must_exist(&config)?;
    }
    let (db, services) = super::services(&config).await?;
    match command {
        Command::Add { email, name, password } => {
            let (password, made_up) = password.obtain()?;
            let account = NewAccount { email, name, password: password.clone() };
            let account = services.add_user(&Viewer::System, &account).await.map_err(explain)?;
            super::say(&format!("Added {} ({}).", account.email, account.name));
            note_command(&config.log, "user add", account.id.as_str());
            tell(made_up, &password);
        }
        Command::ResetPassword { email, password } => {
            let (password, made_up) = password.obtain()?;
            let account = match services.reset_password(&Viewer::System, &email, &password).await {
                Err(ServiceError::NotFound) => bail!("nobody has the address {email}"),
                answer => answer.map_err(explain)?,
            };
            super::say(&format!("{} has a new password and is logged out everywhere.", account.email));
            note_command(&config.log, "user reset-password", account.id.as_str());
            tell(made_up, &password);
        }
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

impl Password {
    /// The password, and whether it was made up.
    fn obtain(&self) -> anyhow::Result<(String, bool)> {
        if !self.password_stdin {
            return Ok((Chance::System.token(), true));
        }
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("the password cannot be read")?;
        Ok((line.trim_end_matches(['\n', '\r']).to_owned(), false))
    }
}

fn tell(made_up: bool, password: &str) {
    if made_up {
        super::say(&format!("Password: {password}"));
    }
}

/// The sentences alone: on a command line nobody knows the names of fields.
fn explain(error: ServiceError) -> anyhow::Error {
    match error {
        ServiceError::Invalid(errors) => {
            let sentences: Vec<_> = errors.into_iter().map(|error| error.message).collect();
            anyhow::anyhow!("{}", sentences.join(" "))
        }
        other => other.into(),
    }
}
