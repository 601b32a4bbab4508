//! custom: runs the steps that the author composed (contracts.md 3.4), one after the other, each with what the ones before it left:
//! variables and cookies.
//!
//! A step fails when its request cannot be filled in, when nothing answers, when an assertion does not hold or when a capture finds
//! nothing. What the other side may get over is tried again from the first step on; what the author has to mend is not. When only steps
//! fail that may, and others are taken, the message counts as delivered.

mod cookies;
mod digest;
mod step;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::custom::{CustomSettings, Definition, facts};
use domain::message::{Alert, Body, Message};
use domain::secret::Secret;
use domain::template::Scope;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::http::Outbound;
use super::{Attempting, DeliveryError, Provider, Reach, Receipt, untold};
use step::{Place, Run};

/// The time of one step, in seconds.
const STEP_SECONDS: u64 = 10;
/// The time of all steps together, in seconds.
const MAX_SECONDS: u64 = 60;

impl Provider for CustomSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let alert = match &message.body {
                Body::Alert(alert) => alert,
                // Nothing in a definition is ticked for it.
                Body::Acknowledged(_) => {
                    return Ok(Receipt::nothing(
                        "no definition of this integration is about who takes an outage on",
                    ));
                }
                Body::Group(_) => {
                    let reason =
                        "A custom integration is told of each outage by itself, not of many in one message.";
                    return Err(DeliveryError::permanent(reason));
                }
                // A subscription from before such were refused. The integration works, so this is no failure of it.
                Body::Event(_) => return Ok(untold("its templates speak of alerts")),
            };
            let Some(definition) = self.definition_for(alert.kind) else {
                let kind = alert.kind.label();
                return Ok(Receipt::nothing(&format!("no definition of this integration is for “{kind}”")));
            };
            let scope = scope(self, message, alert, attempting)?;
            let reach = run(definition, scope, outbound, attempting).await?;
            Ok(Receipt { reach, ..Receipt::default() })
        }
        .boxed()
    }

    fn tells_answer(&self) -> bool {
        CustomSettings::tells_answer(self)
    }

    /// By the longest definition, as it is not known yet which one is meant.
    fn timeout(&self) -> Duration {
        let steps = self.definitions.iter().map(|definition| definition.steps.len()).max().unwrap_or(1);
        let steps = u64::try_from(steps).unwrap_or(u64::MAX).max(1);
        Duration::from_secs(steps.saturating_mul(STEP_SECONDS).min(MAX_SECONDS))
    }
}

fn scope(
    settings: &CustomSettings,
    message: &Message,
    alert: &Alert,
    attempting: &Attempting<'_>,
) -> Result<Scope, DeliveryError> {
    let level: BTreeMap<String, Secret> = alert
        .level
        .iter()
        .flat_map(|level| &level.variables)
        .map(|(name, value)| (name.clone(), Secret::new(value)))
        .collect();
    let chance = attempting.chance.clone();
    let random = move || u64::from_le_bytes(chance.bytes());
    settings.scope(&facts(message, alert), &level, attempting.now, random).map_err(|errors| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        DeliveryError::permanent(format!("The variables cannot be filled in: {first}"))
    })
}

/// Runs the steps; says who got it, because a step that may fail may have failed.
async fn run(
    definition: &Definition,
    scope: Scope,
    outbound: &Outbound,
    attempting: &Attempting<'_>,
) -> Result<Reach, DeliveryError> {
    let mut run = Run::new(outbound, attempting, scope);
    let (mut failures, mut taken, mut taken_after, mut broken_off) = (Vec::new(), false, false, false);
    for (number, step) in definition.steps.iter().enumerate() {
        let place = Place { number: number + 1, of: definition.steps.len(), name: &step.name };
        match run.step(step, &place).await {
            Ok(()) => {
                taken = true;
                taken_after |= !failures.is_empty();
            }
            Err(error) => {
                failures.push(error);
                if !step.continue_after_error {
                    broken_off = true;
                    break;
                }
            }
        }
    }
    // The author says that it is no harm when these fail. What the others opened must be closed when the outage is over.
    if taken && !broken_off && !failures.is_empty() {
        let reasons: Vec<_> = failures.iter().map(|failure| sentence(&failure.to_string())).collect();
        let why = format!("{} The other steps were taken, so it is not tried again.", reasons.join(" "));
        return Ok(Reach::Partly(why));
    }
    match failures.into_iter().next() {
        None => Ok(Reach::All),
        // Running all of it again would send twice what was taken.
        Some(DeliveryError::Retry { reason, .. }) if taken_after => Err(DeliveryError::permanent(format!(
            "{} It is not tried again, because steps after it have been taken.",
            sentence(&reason)
        ))),
        Some(error) => Err(error),
    }
}

/// A reason with its full stop.
fn sentence(reason: &str) -> String {
    if reason.ends_with(['.', '!', '?']) { reason.to_owned() } else { format!("{reason}.") }
}
