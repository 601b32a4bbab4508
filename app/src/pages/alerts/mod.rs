//! Alerts: who hears of outages, when, and how often.

pub mod editor;
mod level;
mod level_targets;
pub mod list;
pub mod subscription;
pub mod subscriptions;

/// The pages about what people hear of.
const TABS: &[(&str, &str)] = &[("/console/alerts", "Outages"), ("/console/subscriptions", "Events")];
