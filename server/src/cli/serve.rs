//! `pharos serve`.

use std::process::ExitCode;

use clap::Args;
use engine::chance::Chance;
use engine::clock::Clock;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::{start, telemetry};

/// Where the server listens.
#[derive(Debug, Default, Args)]
pub(super) struct Listening {
    /// The address that the server listens on (server.host)
    #[arg(long)]
    host: Option<String>,
    /// The port that the server listens on (server.port)
    #[arg(long)]
    port: Option<String>,
}

impl Listening {
    /// Flag, key and value of each.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, Option<String>); 2] {
        [("--host", "server.host", self.host.clone()), ("--port", "server.port", self.port.clone())]
    }
}

/// How to serve.
#[derive(Debug, Default, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    listening: Listening,
    /// The address that browsers use (`server.base_url`)
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

impl Arguments {
    /// Flag, key and value of each.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, Option<String>); 3] {
        let [host, port] = self.listening.flags();
        [host, port, ("--base-url", "server.base_url", self.base_url.clone())]
    }
}

/// Runs until a signal comes, then drains.
pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::init(&config.log);
    // Whoever stops the program meanwhile stops it at once: nothing has begun.
    let reached = start::await_database(&config).await;
    // Before the start, so that a signal during a long migration is not lost.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // A terminal that is closed; whoever started it with `nohup` wants it to go on.
    let mut hangup = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) };
    let mut running = start::start_on(reached, config, Clock::System, Chance::System).await?;
    super::say(&running.greeting());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = hung_up(&mut hangup) => {}
        error = running.failed() => {
            running.stop().await;
            return Err(error);
        }
    }
    tracing::info!("stopping: recording what was taken");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether this process was started with SIGHUP ignored: bit 0 of the mask that Linux shows (`proc_pid_status(5)`).
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
