//! What an edge may ask for: the console, the API, the command line. Every method takes the [`Viewer`] on whose behalf it is
//! asked, and decides itself whether that viewer may.

mod attempts;
mod components;
mod confirming;
mod editor;
pub mod error;
pub mod feed;
pub mod known;
mod links;
mod live;
pub mod monitors;
mod overview;
pub mod pages;
mod password;
pub mod people;
mod public;
pub mod push;
pub mod session;
pub mod slack;
pub mod telling;

use std::sync::Arc;
use std::time::Duration;

use domain::person::Viewer;
use tokio::sync::Notify;

use crate::chance::Chance;
use crate::checks::{Checks, ChecksError};
use crate::clock::Clock;
use crate::dispatch::Dispatcher;
use crate::planner::Planner;
use crate::providers::Carriers;
use crate::providers::verify::Verifier;
use crate::store::Db;
use crate::vitals::Vitals;

pub use error::{Result, ServiceError};

/// The services. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub(crate) inner: Arc<Inner>,
    /// How long something that is merely tried may take.
    pub(crate) trial_limit: Duration,
}

/// How long a trial may take when nobody set a bound: longer than any check or message may.
const TRIAL_LIMIT: Duration = Duration::from_mins(2);

/// What the services work with.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) checks: Checks,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) recorder: crate::recorder::Recorder,
    pub(crate) door: people::Door,

    pub(crate) telling: Telling,
}

/// Whoever tells people. The engine runs both; the services try integrations, and wake the dispatcher.
#[derive(Clone, Debug)]
pub struct Telling {
    /// Sends.
    pub dispatcher: Dispatcher,
    /// Plans.
    pub planner: Planner,
    /// Proves who owns a phone number.
    pub verifier: Verifier,
    /// Whether numbers are taken without the code that proves it: where somebody only tries things.
    pub trusts_numbers: bool,
}

impl Telling {
    /// Tells through the trust and the policy of the checks.
    ///
    /// # Errors
    /// When the client cannot be set up.
    pub fn new(
        db: &Db,
        clock: &Clock,
        chance: &Chance,
        checks: &Checks,
        node: String,
        base_url: String,
    ) -> std::result::Result<Self, ChecksError> {
        let outbox = Arc::new(Notify::new());
        let dispatcher = Dispatcher {
            db: db.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            node,
            outbound: checks.outbound()?,
            outbox: outbox.clone(),
        };
        let planner = Planner {
            db: db.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            base_url,
            outbox,
            started_at: clock.now(),
        };
        let verifier = Verifier::new(dispatcher.outbound.clone(), clock.clone(), chance.clone());
        Ok(Self { dispatcher, planner, verifier, trusts_numbers: false })
    }

    /// The same through a mail server and through somebody who carries text messages.
    #[must_use]
    pub fn carried_by(mut self, carriers: Carriers) -> Self {
        let Dispatcher { outbound, clock, chance, .. } = &self.dispatcher;
        let outbound = outbound.clone().with_mail(carriers.mail).with_sms(carriers.sms);
        self.verifier = Verifier::new(outbound.clone(), clock.clone(), chance.clone());
        self.dispatcher.outbound = outbound;
        self.trusts_numbers = carriers.trusts_numbers;
        self
    }
}

impl Services {
    /// Services over a database.
    pub fn new(
        db: Db,
        clock: Clock,
        chance: Chance,
        checks: Checks,
        vitals: Arc<Vitals>,
        recorder: crate::recorder::Recorder,
        telling: Telling,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                clock,
                chance,
                checks,
                vitals,
                recorder,
                door: people::Door::default(),
                telling,
            }),
            trial_limit: TRIAL_LIMIT,
        }
    }

    /// The same, but what is merely tried (a check, a message) has failed when it takes longer than `limit`: whoever asked waits for
    /// the answer, and the edge does not wait for ever.
    #[must_use]
    pub fn trials_within(self, limit: Duration) -> Self {
        Self { trial_limit: limit, ..self }
    }

    /// The time of day, as the services see it.
    pub fn now(&self) -> domain::time::Timestamp {
        self.inner.clock.now()
    }
}

/// The page that is shown of those that so many rows make, from 1 on, and the first row of it, from 0 on. A page behind the last one
/// shows the last one.
fn place(page: u32, found: i64, per_page: u32) -> (u32, i64) {
    let pages = u32::try_from(found.max(1)).unwrap_or(u32::MAX).div_ceil(per_page);
    let page = page.clamp(1, pages);
    (page, i64::from(page - 1) * i64::from(per_page))
}

/// Refuses whoever may not operate the console.
pub(crate) fn operator(viewer: &Viewer) -> Result<()> {
    if viewer.may_operate() { Ok(()) } else { Err(ServiceError::Forbidden) }
}
