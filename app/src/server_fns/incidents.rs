//! Incidents: the list, one of them, and what people do about it.

use domain::views::console::{IncidentDetail, IncidentList};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::id,
    crate::context::{Sent, request},
    domain::time::{HOUR, MINUTE, Timestamp},
};

/// Which incidents a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Those that are open.
    #[default]
    Open,
    /// Those that are over.
    Resolved,
    /// All.
    All,
}

impl Which {
    /// Every choice, in the order of the tabs.
    pub const ALL: [Self; 3] = [Self::Open, Self::Resolved, Self::All];

    /// The word in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::All => "all",
        }
    }

    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Resolved => "Resolved",
            Self::All => "All",
        }
    }
}

/// How long an incident is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PutOff {
    /// Half an hour.
    HalfHour,
    /// Two hours.
    TwoHours,
    /// Until eight o'clock in the morning.
    Tomorrow,
    /// Not any more.
    End,
}

/// A page of the list.
#[server(endpoint = "read_incidents", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_incidents(
    #[server(default)] which: Which,
    #[server(default)] search: String,
    #[server(default)] page: u32,
) -> Result<IncidentList, AppError> {
    let request = request()?;
    let open = match which {
        Which::Open => Some(true),
        Which::Resolved => Some(false),
        Which::All => None,
    };
    Ok(request.services.incident_list(&request.viewer, open, &search, page).await?)
}

/// An incident's page.
#[server(endpoint = "read_incident", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_incident(incident: String) -> Result<IncidentDetail, AppError> {
    let request = request()?;
    Ok(request.services.incident(&request.viewer, &id(&incident)?).await?)
}

/// Takes an incident on: nobody else is told of it any more.
#[server(endpoint = "acknowledge")]
pub async fn acknowledge(incident: String) -> Result<(), AppError> {
    let request = request()?;
    let taken = match id(&incident) {
        Ok(id) => request.services.acknowledge(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("acknowledge").answer(taken)
}

/// Puts an incident off. `zone` is how many minutes the visitor's clock is behind UTC, for what "tomorrow" means.
#[server(endpoint = "snooze")]
pub async fn snooze(incident: String, how: PutOff, #[server(default)] zone: i64) -> Result<(), AppError> {
    let request = request()?;
    let now = request.services.now();
    let until = match how {
        PutOff::HalfHour => Some(Timestamp(now.0 + 30 * MINUTE)),
        PutOff::TwoHours => Some(Timestamp(now.0 + 2 * HOUR)),
        PutOff::Tomorrow => Some(morning(now, zone)),
        PutOff::End => None,
    };
    let snoozed = match id(&incident) {
        Ok(id) => request.services.snooze(&request.viewer, &id, until).await,
        Err(error) => Err(error),
    };
    Sent::form("snooze").answer(snoozed)
}

/// Ends an incident by hand.
#[server(endpoint = "resolve_incident")]
pub async fn resolve_incident(incident: String) -> Result<(), AppError> {
    let request = request()?;
    let resolved = match id(&incident) {
        Ok(id) => request.services.resolve(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("resolve").answer(resolved)
}

/// The next eight o'clock of tomorrow, by a clock that is `zone` minutes behind UTC.
#[cfg(feature = "ssr")]
fn morning(now: Timestamp, zone: i64) -> Timestamp {
    use domain::time::DAY;

    let behind = zone.clamp(-14 * 60, 12 * 60) * MINUTE;
    let midnight = (now.0 - behind).div_euclid(DAY) * DAY + DAY;
    Timestamp(midnight + 8 * HOUR + behind)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn tomorrow_is_eight_in_the_morning_where_the_visitor_is() {
        // 2026-11-21T23:30:00Z: in Berlin (60 minutes ahead) it is the 22nd already, in New York still the 21st.
        let late = Timestamp(1_795_303_800_000);
        assert_eq!(morning(late, 0).to_rfc3339(), "2026-11-22T08:00:00.000Z");
        assert_eq!(morning(late, -60).to_rfc3339(), "2026-11-23T07:00:00.000Z");
        assert_eq!(morning(late, 300).to_rfc3339(), "2026-11-22T13:00:00.000Z");
    }
}
