//! Heartbeats: a job calls us.

use std::sync::Arc;

use domain::check::{CheckReport, CheckSettings, Failure, Outcome};
use domain::event::Event;
use domain::monitor::Monitor;
use domain::time::{MINUTE, Timestamp};
use domain::uptime::ResultState;

use super::{Result, ServiceError, Services};
use crate::recorder::{Recheck, Submission, settled};
use crate::store::results::ResultRow;
use crate::store::{events, monitors, pushes, rollups};

/// How much of what a job says is kept, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1_000;
/// How the message of a row begins when the job gave an exit code.
const EXIT: &str = "exit ";
/// A run that took longer than this has lost its beginning; its duration is not shown as a latency. In milliseconds.
const MAX_RUN: i64 = 24 * 60 * MINUTE;

/// What a job says.
#[derive(Clone, Debug, PartialEq)]
pub enum Beat {
    /// It begins.
    Start,
    /// It did its work.
    Success {
        /// How long it took, in microseconds, if it says so; else the time since it began counts.
        latency_us: Option<i64>,
        /// What else it says.
        message: String,
    },
    /// It failed.
    Failure {
        /// The exit code of its process, if it says so.
        exit: Option<i32>,
        /// What else it says.
        message: String,
    },
    /// It wants something noted and nothing changed.
    Log {
        /// What it says.
        message: String,
    },
}

/// What became of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It counts.
    Counted,
    /// The monitor is paused, so it changes nothing.
    Paused,
}

impl Services {
    /// Whether a job that says this token would be listened to.
    pub async fn is_push_token(&self, token: &str) -> Result<bool> {
        Ok(monitors::by_push_token(&mut self.inner.db.read().await?, token).await?.is_some())
    }

    /// Takes the word of a job that knows a monitor's token. The scheduler writes one result a slot, so that uptime is a share
    /// of the time and not of the calls; a result is written here only when the word is news or says how long a run took. When another
    /// node looks after the monitor, that one is told of news: it finds a failure in the row, even if the job is well again by then. How
    /// long a run took is written at once.
    ///
    /// # Errors
    /// `NotFound` when no monitor has the token.
    pub async fn push(&self, token: &str, beat: Beat) -> Result<Taken> {
        let now = self.now();
        // Anybody may call with a made-up token: the only writer is not taken before the token is known.
        let known = monitors::by_push_token(&mut self.inner.db.read().await?, token).await?;
        if known.is_none() {
            return Err(ServiceError::NotFound);
        }
        let mut tx = self.inner.db.write().await?;
        let monitor = monitors::by_push_token(&mut tx, token).await?.ok_or(ServiceError::NotFound)?;
        if monitor.paused {
            return Ok(Taken::Paused);
        }
        let mut row = pushes::get(&mut tx, monitor.key).await?.unwrap_or_default();
        let is_ours = self.inner.recorder.knows(monitor.key);
        let (report, news) = match beat {
            Beat::Start => {
                row.started_at = Some(now.0);
                (None, false)
            }
            Beat::Log { message } => {
                if row.unseen.is_none() {
                    row.message = excerpt(message);
                }
                (None, false)
            }
            Beat::Success { latency_us, message } => {
                let news = row.at == 0 || row.failed || is_late(&monitor.draft.settings, &row, now);
                let run_ms =
                    row.started_at.take().map(|begun| now.0 - begun).filter(|run| (0..MAX_RUN).contains(run));
                (row.at, row.failed) = (now.0, false);
                if row.unseen.is_none() {
                    row.message = excerpt(message);
                }
                let latency_us = latency_us.or(run_ms.map(|run| run * 1_000));
                let report = (news || latency_us.is_some())
                    .then(|| CheckReport { latency_us, ..CheckReport::bare(Outcome::Up) });
                (report, news)
            }
            Beat::Failure { exit, message } => {
                let news = !row.failed;
                (row.started_at, row.failed, row.message) = (None, true, with_exit(exit, &excerpt(message)));
                row.unseen = row.unseen.or((news && !is_ours).then_some(now.0));
                (news.then(|| CheckReport::bare(Outcome::down(failure(&row.message)))), news)
            }
        };
        pushes::put(&mut tx, monitor.key, &row).await?;
        if is_ours {
            tx.commit().await?;
            if let Some(report) = report {
                let report = Arc::new(report);
                self.inner.recorder.submit(Submission { monitor: monitor.key, slot: now, report });
            }
            if let CheckSettings::Push(settings) = &monitor.draft.settings
                && news
                && !row.failed
            {
                // Nobody looks at the time of the next call yet: until now there was none, or it was over.
                let within = Timestamp(settings.next_deadline(Some(row.at), now.0)).since(now);
                self.inner.recorder.look_again(Recheck { monitor: monitor.key, within });
            }
            return Ok(Taken::Counted);
        }
        // Another node looks after it.
        if let Some(latency_us) = report.and_then(|report| report.latency_us) {
            rollups::insert(&mut tx, &[timed(&monitor, now, latency_us)], settled(now)).await?;
        }
        if news {
            // It reads the monitor again, and a moment later what the job said.
            let saved = Event::MonitorSaved { monitor: monitor.key, id: monitor.id };
            events::append(&mut tx, now, &[saved]).await?;
        }
        tx.commit().await?;
        Ok(Taken::Counted)
    }
}

/// How long a run took, as a result that its slot is counted without: whoever looks after the monitor counts the slots.
fn timed(monitor: &Monitor, at: Timestamp, latency_us: i64) -> ResultRow {
    let report = CheckReport { latency_us: Some(latency_us), ..CheckReport::bare(Outcome::Up) };
    let is_slow = report.slow(monitor.draft.policy.degraded_above).is_some();
    ResultRow {
        monitor: monitor.key,
        at,
        state: if is_slow { ResultState::Degraded } else { ResultState::Up },
        latency_us: report.latency_us,
        phases: report.phases,
        extra: true,
    }
}

/// Whether the heartbeat before was due earlier than `now`, grace included.
fn is_late(settings: &CheckSettings, row: &pushes::PushRow, now: Timestamp) -> bool {
    match settings {
        CheckSettings::Push(push) => push.next_deadline(Some(row.at), now.0) <= now.0,
        _ => false,
    }
}

/// What stands in the row of a job that failed: `exit N` and what it said.
fn with_exit(exit: Option<i32>, message: &str) -> String {
    match exit {
        Some(exit) if message.is_empty() => format!("{EXIT}{exit}"),
        Some(exit) => format!("{EXIT}{exit}: {message}"),
        None => message.to_owned(),
    }
}

/// The failure that the message of a row stands for; the scheduler reads it again at each slot until the job succeeds.
pub(crate) fn failure(message: &str) -> Failure {
    let with_code = message.strip_prefix(EXIT).and_then(|rest| {
        let (code, said) = rest.split_once(": ").unwrap_or((rest, ""));
        Some((code.parse::<i32>().ok()?, said))
    });
    match with_code {
        Some((exit, said)) => Failure::PushFailed { exit: Some(exit), message: said.to_owned() },
        None => Failure::PushFailed { exit: None, message: message.to_owned() },
    }
}

/// The beginning of a message, cut between two characters, without control characters that a log or a page would choke on.
fn excerpt(message: String) -> String {
    let mut message = message;
    if message.len() > MAX_MESSAGE_BYTES {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
    }
    message.retain(|character| character == '\n' || character == '\t' || !character.is_control());
    message.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_between_two_characters() {
        let kept = excerpt("ä".repeat(MAX_MESSAGE_BYTES));
        assert_eq!(kept.len(), MAX_MESSAGE_BYTES);
        let kept = excerpt(format!("a{}", "ä".repeat(MAX_MESSAGE_BYTES)));
        assert_eq!(kept.len(), MAX_MESSAGE_BYTES - 1);
    }

    #[test]
    fn an_exit_code_survives_the_database() {
        for (exit, said) in [(Some(3), "disk full: /dev/sda"), (Some(-1), ""), (None, "no space")] {
            let failure = failure(&with_exit(exit, said));
            assert_eq!(failure, Failure::PushFailed { exit, message: said.to_owned() });
        }
    }

    #[test]
    fn control_characters_are_left_out() {
        assert_eq!(excerpt("\u{1b}[31mbroken\0\n".to_owned()), "[31mbroken");
    }
}
