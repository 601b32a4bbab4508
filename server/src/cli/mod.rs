//! The command line: a file per command.

mod check;
mod healthcheck;
mod migrate;
mod plan;
mod secrets;
mod serve;
mod token;
mod user;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use engine::chance::Chance;
use engine::checks::Checks;
use engine::clock::Clock;
use engine::recorder::Recorder;
use engine::registry::Registry;
use engine::services::{Services, Telling};
use engine::store::Db;
use engine::vitals::Vitals;

use crate::config::{Config, Sources};
use crate::{place, start};

/// The exit code when the program failed, or a question was answered with no.
const FAILED: u8 = 1;
/// The exit code when the command line or the configuration is wrong.
const USAGE: u8 = 2;

/// Watches websites, services and servers, and tells people.
#[derive(Debug, Parser)]
#[command(name = "pharos", version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Values of the configuration that every command takes.
#[derive(Debug, Args)]
struct Options {
    /// The configuration file [default: ./pharos.toml or /etc/pharos/pharos.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the SQLite file (data.dir)
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// The database: `sqlite:///path/file.db` or `postgres://…` (`data.database_url`)
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// error, warn, info, debug or trace (log.level)
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Any other value of the configuration, such as `--set checks.per_host=4`
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server (what happens without a command, too)
    Serve(serve::Arguments),
    /// Checks an address once; exits with 0 up, 1 degraded, 2 down, 3 unknown
    Check(check::Arguments),
    /// Asks the server on this machine whether it answers; for containers
    Healthcheck(serve::Listening),
    /// Adds people and helps those who forgot their password
    #[command(subcommand)]
    User(user::Command),
    /// Makes, lists and takes back tokens of programs
    #[command(subcommand)]
    Token(token::Command),
    /// Shows or changes the plan: SMS integrations need the paid one, which is what every installation begins with
    Plan(plan::Arguments),
    /// The keys that seal passwords and tokens in the database
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Brings the schema of the database up to date
    Migrate(migrate::Arguments),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let is_question = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // To Nagios, 2 would mean that the target is down.
            if !is_question && arguments.iter().any(|argument| argument == "check") {
                let text = error.render().to_string();
                return check::complain(text.strip_prefix("error: ").unwrap_or(&text));
            }
            // Nothing is left to do when even this cannot be printed.
            let _ = error.print();
            return if is_question { ExitCode::SUCCESS } else { ExitCode::from(USAGE) };
        }
    };
    let command = cli.command.unwrap_or(Command::Serve(serve::Arguments::default()));
    let is_check = matches!(command, Command::Check(_));
    let complain = |error: &anyhow::Error, code| {
        if is_check { check::complain(&format!("{error:#}")) } else { complain(error, code) }
    };
    let config = match load(cli.options, &command) {
        Ok(config) => config,
        Err(error) => return complain(&error, USAGE),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime
        .context("the runtime cannot be started")
        .and_then(|runtime| runtime.block_on(run(command, config)));
    outcome.unwrap_or_else(|error| complain(&error, FAILED))
}

async fn run(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(_) => serve::run(config).await,
        Command::Check(arguments) => check::run(arguments, config).await,
        Command::Healthcheck(_) => Ok(healthcheck::run(&config).await),
        Command::User(command) => user::run(command, config).await,
        Command::Token(command) => token::run(command, config).await,
        Command::Plan(arguments) => plan::run(arguments, config).await,
        Command::Secrets(command) => secrets::run(command, config).await,
        Command::Migrate(arguments) => migrate::run(arguments, config).await,
    }
}

fn load(options: Options, command: &Command) -> anyhow::Result<Config> {
    let mut sources = Sources::from_process();
    sources.file = options.config;
    let mut flags = vec![
        ("--data-dir", "data.dir", options.data_dir),
        ("--database-url", "data.database_url", options.database_url),
        ("--log-level", "log.level", options.log_level),
    ];
    match command {
        Command::Serve(arguments) => flags.extend(arguments.flags()),
        Command::Healthcheck(arguments) => flags.extend(arguments.flags()),
        _ => {}
    }
    for (flag, key, value) in flags {
        sources.flags.extend(value.map(|value| (flag.to_owned(), key.to_owned(), value)));
    }
    for pair in options.set {
        let (key, value) = pair
            .split_once('=')
            .with_context(|| format!("the flag --set: “{pair}” has no =; write KEY=VALUE."))?;
        sources.flags.push((format!("--set {key}"), key.trim().to_owned(), value.to_owned()));
    }
    Ok(Config::load(&sources)?)
}

/// Writes a line for people; a reader that went away is no failure of ours.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn complain(error: &anyhow::Error, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "pharos: {error:#}");
    ExitCode::from(code)
}

/// Opens the database for a command beside the server, and says which one it is: somebody who forgot a flag would look into an empty
/// one, or change the wrong one.
async fn open(config: &Config) -> anyhow::Result<Db> {
    let was_there = place::exists(&config.database_url());
    let db = start::open(config).await?;
    name_database(config, if was_there { "" } else { " (it did not exist and was made)" });
    Ok(db)
}

/// Refuses to go on where there is no database: whoever looks for something in it looks in the wrong place, and a new one would hide
/// that.
fn must_exist(config: &Config) -> anyhow::Result<()> {
    let url = config.database_url();
    if !place::exists(&url) {
        anyhow::bail!(
            "there is no database at {}: name the folder that the server works with (--data-dir or PHAROS_DATA_DIR), or its database \
             (--database-url)",
            place::of_here(&url)
        );
    }
    Ok(())
}

/// Tells somebody who forgot a flag which database was meant.
fn name_database(config: &Config, remark: &str) {
    let place = place::of(&config.database_url());
    let _ = writeln!(std::io::stderr(), "pharos: the database is {place}{remark}");
}

/// The services over the database, without anything that works in the background.
async fn services(config: &Config) -> anyhow::Result<(Db, Services)> {
    start::install_tls_provider();
    let db = open(config).await?;
    db.migrate().await.context("the schema of the database could not be brought up to date")?;
    let vitals = Arc::new(Vitals::default());
    let checks = Checks::new(config.checks.engine())?;
    let recorder =
        Recorder::new(Registry::default(), vitals.clone(), tokio::sync::mpsc::unbounded_channel().0);
    let telling =
        Telling::new(&db, &Clock::System, &Chance::System, &checks, "command".to_owned(), String::new())?
            .carried_by(config.carriers());
    let services =
        Services::new(db.clone(), Clock::System, Chance::System, checks, vitals, recorder, telling);
    Ok((db, services))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_stand_before_and_after_the_command() {
        let cli = Cli::try_parse_from([
            "pharos",
            "--data-dir",
            "x",
            "serve",
            "--port",
            "1",
            "--log-level",
            "debug",
        ])
        .unwrap();
        assert_eq!(cli.options.data_dir.as_deref(), Some("x"));
        assert_eq!(cli.options.log_level.as_deref(), Some("debug"));
    }
}
