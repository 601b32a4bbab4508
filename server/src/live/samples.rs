//! Samples for the console's screens. Those of other nodes are not heard here: what screens follow and another node checks is read from the
//! database, and told as if it were ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::event::Sample;
use domain::health::State as MonitorState;
use domain::id::MonitorKey;
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::uptime::ResultState;
use engine::bus::Bus;
use engine::services::Services;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// How often the latest results are read.
const EVERY: Duration = Duration::from_secs(2);
/// The most monitors that are read at a time; of more, those with the highest keys stand still.
const MOST_READ: usize = 1_000;

/// The monitors that screens of this node follow.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    followed: Mutex<HashMap<MonitorKey, Followed>>,
}

#[derive(Debug, Default)]
struct Followed {
    screens: usize,
    /// When the last result was due that was told, or was there when somebody began to look; `None` while nothing is known.
    told: Option<Timestamp>,
}

/// What a screen follows, until it is dropped.
#[derive(Debug)]
pub(super) struct Following {
    elsewhere: Arc<Elsewhere>,
    monitors: Vec<MonitorKey>,
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut followed = self.elsewhere.followed();
        for monitor in &self.monitors {
            if let Some(of) = followed.get_mut(monitor) {
                of.screens -= 1;
                if of.screens == 0 {
                    followed.remove(monitor);
                }
            }
        }
    }
}

impl Elsewhere {
    fn followed(&self) -> MutexGuard<'_, HashMap<MonitorKey, Followed>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A screen follows monitors from now on.
    pub(super) fn follow(self: &Arc<Self>, monitors: Vec<MonitorKey>) -> Following {
        let mut followed = self.followed();
        for monitor in &monitors {
            followed.entry(*monitor).or_default().screens += 1;
        }
        drop(followed);
        Following { elsewhere: self.clone(), monitors }
    }

    /// Reads what is followed every few seconds until cancelled.
    pub(super) async fn run(&self, services: &Services, bus: &Bus, cancel: &CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = cancel.cancelled() => return,
            }
            self.round(services, bus).await;
        }
    }

    async fn round(&self, services: &Services, bus: &Bus) {
        let mut monitors: Vec<_> = self.followed().keys().copied().collect();
        monitors.retain(|monitor| !services.checks(*monitor));
        monitors.sort_unstable();
        monitors.truncate(MOST_READ);
        if monitors.is_empty() {
            return;
        }
        let samples = match services.latest_samples(&Viewer::System, &monitors).await {
            Ok(samples) => samples,
            Err(error) => return tracing::warn!(%error, "samples of other nodes could not be read"),
        };
        let mut followed = self.followed();
        for sample in samples {
            let Some(of) = followed.get_mut(&sample.monitor) else { continue };
            // The screen was read a moment ago with what was there then.
            if of.told.replace(sample.at).is_some_and(|told| told < sample.at) {
                bus.sample(sample);
            }
        }
    }
}

/// The next sample; waits for ever when none are wanted. Samples that were missed are no loss.
pub(super) async fn next_sample(samples: &mut Option<Receiver<Sample>>) -> Sample {
    let Some(samples) = samples else { return std::future::pending().await };
    loop {
        match samples.recv().await {
            Ok(sample) => return sample,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

/// What a result counts as, judged by the state that the monitor shows after it.
pub(super) fn result_state(state: MonitorState) -> ResultState {
    match state {
        MonitorState::Up => ResultState::Up,
        MonitorState::Degraded => ResultState::Degraded,
        MonitorState::Down => ResultState::Down,
        MonitorState::Confirming => ResultState::Confirming,
        MonitorState::Unknown | MonitorState::Pending | MonitorState::Paused => ResultState::Unknown,
    }
}
