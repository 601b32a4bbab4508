//! Checks that do not count: trying a form, an address, or a monitor out of turn.

use std::collections::HashSet;
use std::time::Duration;

use domain::check::{
    Blindness, CheckKind, CheckReport, CheckSettings, Outcome, clip, public_names, recognise,
};
use domain::event::Event;
use domain::form::Form;
use domain::id::{ComponentId, MonitorId};
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use domain::person::Viewer;
use domain::views::console::Tried;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};

use super::load;
use crate::services::{Result, ServiceError, Services, operator};
use crate::store::{self, components};

/// Addresses that may be added at once.
const MOST_ADDRESSES: usize = 50;
/// Lines that a refusal names.
const MOST_NAMED: usize = 10;
/// How much of a line a refusal shows, in bytes.
const LINE_BYTES: usize = 100;
/// The field of the form that the lines stand in.
const FIELD: &str = "address";
/// Addresses that are tried at a time.
const AT_ONCE: usize = 25;

impl Services {
    /// Checks what a form says, now and without saving it. Secrets that were not sent are those of the monitor `id`.
    ///
    /// A push monitor answers [`Blindness::NotPolled`]: nothing can be tried until the job calls.
    pub async fn try_form(
        &self,
        viewer: &Viewer,
        id: Option<&MonitorId>,
        form: &Form,
    ) -> Result<CheckReport> {
        operator(viewer)?;
        let old = match id {
            Some(id) => Some(load(&mut self.inner.db.read().await?, id).await?.draft),
            None => None,
        };
        let draft = self.monitor_draft(form, old.as_ref())?;
        Ok(self.try_settings(&draft.settings, &draft.policy, self.trial_limit).await)
    }

    /// Checks a monitor now; the result does not count.
    pub async fn test_now(&self, viewer: &Viewer, id: &MonitorId) -> Result<CheckReport> {
        operator(viewer)?;
        // The transaction must not stay open while a target takes its time.
        let monitor = load(&mut self.inner.db.read().await?, id).await?;
        Ok(self.try_settings(&monitor.draft.settings, &monitor.draft.policy, self.trial_limit).await)
    }

    /// Understands a pasted line, and checks what it means.
    pub async fn try_address(&self, viewer: &Viewer, line: &str) -> Result<Tried> {
        operator(viewer)?;
        Ok(self.try_line(line, self.trial_limit).await)
    }

    /// Understands pasted lines, and checks what each means: several at a time, in the order given, and within the time of one trial.
    /// More than `MOST_ADDRESSES` are refused.
    pub async fn try_addresses(&self, viewer: &Viewer, lines: &[String]) -> Result<Vec<Tried>> {
        operator(viewer)?;
        not_too_many(lines.len())?;
        let rounds = u32::try_from(lines.len().div_ceil(AT_ONCE).max(1)).unwrap_or(u32::MAX);
        let limit = self.trial_limit / rounds;
        let tries: Vec<BoxFuture<'_, Tried>> =
            lines.iter().map(|line| self.try_line(line, limit).boxed()).collect();
        Ok(futures::stream::iter(tries).buffered(AT_ONCE).collect().await)
    }

    /// Turns pasted lines into monitors, each with a component of the default page that follows it. The public reads names that
    /// say nothing of how the targets are reached, see [`public_names`]. A line that stands there twice counts once. All lines or
    /// none: one that makes no sense is an error, and so are more than `MOST_ADDRESSES`.
    pub async fn add_addresses(&self, viewer: &Viewer, lines: &[String]) -> Result<Vec<MonitorId>> {
        operator(viewer)?;
        let drafts = drafts_of(lines)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let page = self.default_page(&mut tx, now).await?.key;
        let there = components::of_page(&mut tx, page).await?;
        let taken: Vec<String> = there.into_iter().map(|component| component.fields.name).collect();
        let names = public_names(&drafts.iter().map(|draft| &draft.settings).collect::<Vec<_>>(), &taken);
        let (mut ids, mut events) = (Vec::new(), Vec::new());
        for (draft, name) in drafts.into_iter().zip(names) {
            let (monitor, id) = self.insert_monitor(&mut tx, &draft, now).await?;
            let fields = components::Fields {
                name,
                description: String::new(),
                show_uptime: true,
                show_latency: false,
            };
            let component = ComponentId::new(self.inner.chance.bytes());
            let component = components::add(&mut tx, page, &component, None, &fields, now).await?;
            components::follow(&mut tx, component, &[monitor]).await?;
            events.push(Event::MonitorSaved { monitor, id: id.clone() });
            ids.push(id);
        }
        events.push(Event::PageSaved { page });
        store::events::append(&mut tx, now, &events).await?;
        tx.commit().await?;
        Ok(ids)
    }

    async fn try_line(&self, line: &str, limit: Duration) -> Tried {
        let line = line.trim().to_owned();
        match recognise(&line) {
            Err(error) => Tried { line, kind: None, text: error.message, report: None },
            Ok(recognised) => {
                let report = self.try_settings(&recognised.settings, &Policy::default(), limit).await;
                let kind = Some(recognised.settings.kind());
                Tried { line, kind, text: recognised.settings.target(), report: Some(report) }
            }
        }
    }

    /// Judged as a check that counts.
    async fn try_settings(&self, settings: &CheckSettings, policy: &Policy, limit: Duration) -> CheckReport {
        if settings.kind() == CheckKind::Push {
            return CheckReport::bare(Outcome::Unknown { why: Blindness::NotPolled });
        }
        let report = self.inner.checks.run(settings, policy.timeout().min(limit)).await;
        match report.slow(policy.degraded_above) {
            None => report,
            Some(reason) => CheckReport { outcome: Outcome::Degraded { reason }, ..report },
        }
    }
}

/// What pasted lines mean, each line once.
fn drafts_of(lines: &[String]) -> Result<Vec<MonitorDraft>> {
    let mut seen = HashSet::new();
    let lines = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty() && seen.insert(*line));
    let lines: Vec<&str> = lines.collect();
    if lines.is_empty() {
        return Err(ServiceError::invalid(FIELD, "Write at least one address, such as https://example.org."));
    }
    not_too_many(lines.len())?;
    let (mut drafts, mut mistakes) = (Vec::new(), Vec::new());
    for line in lines {
        match recognise(line) {
            Ok(recognised) => drafts.push(MonitorDraft {
                name: recognised.name,
                settings: recognised.settings,
                policy: Policy::default(),
                notes: Notes::default(),
            }),
            Err(error) => mistakes.push((line, error.message)),
        }
    }
    if mistakes.is_empty() { Ok(drafts) } else { Err(ServiceError::invalid(FIELD, unread(&mistakes))) }
}

/// Which lines cannot be read, and why: one below the other.
fn unread(mistakes: &[(&str, String)]) -> String {
    let named = mistakes.iter().take(MOST_NAMED).map(|(line, why)| {
        let line = clip(line, LINE_BYTES);
        if why.contains(line) { why.clone() } else { format!("“{line}”: {why}") }
    });
    let mut told: Vec<_> = named.collect();
    if let [one] = told.as_slice() {
        return one.clone();
    }
    told.insert(0, format!("{} lines cannot be read:", mistakes.len()));
    if mistakes.len() > MOST_NAMED {
        told.push(format!("and {} more.", mistakes.len() - MOST_NAMED));
    }
    told.join("\n")
}

fn not_too_many(lines: usize) -> Result<()> {
    if lines <= MOST_ADDRESSES {
        return Ok(());
    }
    let message = format!("These are {lines} addresses; add at most {MOST_ADDRESSES} at once.");
    Err(ServiceError::invalid(FIELD, message))
}
