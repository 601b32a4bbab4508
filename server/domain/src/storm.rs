//! Storms: many outages that began close together, told in one message.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::message::{IncidentFacts, MonitorFacts, duration_words};
use crate::notes::Notes;

/// Alerts of a kind to one integration that leave by themselves within [`WINDOW`]; those after them share a message.
pub const ALONE: i64 = 3;
/// How close together alerts must be to be a storm, in milliseconds.
pub const WINDOW: i64 = 60_000;
/// How long a shared message waits for more, in milliseconds.
pub const GATHER: i64 = 15_000;
/// Outages that a message names; the others are counted.
const MOST: usize = 200;
/// Lines that a text has.
const LINES: usize = 50;

/// Many outages in one message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The outages, in the order in which they began.
    pub outages: Vec<(MonitorFacts, IncidentFacts)>,
    /// Further ones that are not named.
    #[serde(default)]
    pub more: u32,
    /// What they have in common, if anything is probable.
    #[serde(default)]
    pub cause: Option<String>,
    /// Whether these were told before and go on.
    #[serde(default)]
    pub still: bool,
}

impl Group {
    /// Adds an outage and looks for the cause again.
    pub fn push(&mut self, monitor: MonitorFacts, incident: IncidentFacts) {
        if self.outages.len() < MOST {
            // Nobody reads the notes of two hundred monitors in one message, and they are the longest of it.
            let monitor = MonitorFacts { notes: Notes::default(), ..monitor };
            self.outages.push((monitor, incident));
            self.cause = if self.is_over() { None } else { common_cause(&self.outages) };
        } else {
            self.more += 1;
        }
    }

    /// Leaves `count` outages, of the named ones those that are `wanted`, and looks for the cause again.
    pub fn keep(&mut self, count: usize, wanted: impl Fn(&IncidentFacts) -> bool) {
        self.outages.retain(|(_, incident)| wanted(incident));
        self.more = u32::try_from(count.saturating_sub(self.outages.len())).unwrap_or(u32::MAX);
        self.cause = if self.is_over() { None } else { common_cause(&self.outages) };
    }

    /// How many outages it tells.
    pub fn count(&self) -> usize {
        self.outages.len() + usize::try_from(self.more).unwrap_or(0)
    }

    /// Whether it tells that outages are over.
    pub fn is_over(&self) -> bool {
        !self.outages.is_empty() && self.outages.iter().all(|(_, incident)| incident.resolved_at.is_some())
    }

    /// Whether some of what is over did not end because it works again.
    pub fn is_unsure(&self) -> bool {
        self.outages.iter().any(|(_, incident)| incident.ended.is_some())
    }

    /// The line that people see first.
    pub fn headline(&self) -> String {
        let count = self.count();
        match (self.is_over(), count) {
            (false, 1) if self.still => "1 more monitor is still down".to_owned(),
            (false, _) if self.still => format!("{count} more monitors are still down"),
            (true, 1) if self.is_unsure() => "1 more incident is over".to_owned(),
            (true, _) if self.is_unsure() => format!("{count} more incidents are over"),
            (false, 1) => "1 more monitor is down".to_owned(),
            (true, 1) => "1 more monitor is up again".to_owned(),
            (false, _) => format!("{count} more monitors are down"),
            (true, _) => format!("{count} more monitors are up again"),
        }
    }

    /// What became of one of the outages, as it stands behind the name of its monitor.
    pub fn fate(&self, incident: &IncidentFacts) -> String {
        match (incident.resolved_at, &incident.ended) {
            (Some(_), Some(ended)) => ended.words(),
            (Some(at), None) => {
                let lasted = duration_words(at.since(incident.started_at).max(0));
                // Beside those of which nobody knows.
                let up = if self.is_unsure() { "up again, " } else { "" };
                format!("{up}was down for {lasted}")
            }
            (None, _) => incident.reason.clone(),
        }
    }

    /// What there is to know, one line each.
    pub fn text(&self) -> String {
        let mut lines: Vec<_> = self.cause.iter().cloned().collect();
        lines.extend(
            self.outages
                .iter()
                .take(LINES)
                .map(|(monitor, incident)| format!("{}: {}", monitor.name, self.fate(incident))),
        );
        let left = self.count().saturating_sub(LINES);
        if left > 0 {
            lines.push(format!("… and {left} more"));
        }
        lines.join("\n")
    }
}

/// What outages have in common, in a sentence: the host, the domain, or the way in which they fail.
fn common_cause(outages: &[(MonitorFacts, IncidentFacts)]) -> Option<String> {
    if outages.len() < 2 {
        return None;
    }
    let hosts: Vec<_> = outages.iter().map(|(monitor, _)| host(&monitor.target)).collect();
    if let Some(host) = same(hosts.iter().map(Option::as_deref)) {
        return Some(format!("Probable common cause: all of them are on {host}."));
    }
    let failure = same(outages.iter().map(|(_, incident)| Some(incident.failure.as_str())));
    let way = match failure {
        Some("dns_error") => Some("names do not resolve: look at the DNS servers first"),
        Some("timeout" | "connection_error") => Some("nothing answers: look at the network in between first"),
        Some("ssl_error") => Some("TLS fails: look at certificates, and at this server's clock"),
        _ => None,
    };
    let domain = same(hosts.iter().map(|host| host.as_deref().and_then(domain)));
    match (domain, way) {
        (Some(domain), Some(way)) => {
            Some(format!("Probable common cause: all of them are under {domain}, and {way}."))
        }
        (Some(domain), None) => Some(format!("Probable common cause: all of them are under {domain}.")),
        (None, Some(way)) => Some(format!("Probable common cause: {way}.")),
        (None, None) => None,
    }
}

/// The value that all share.
fn same<'a>(mut values: impl Iterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// The host of a target: of a URL, or what stands before a port.
fn host(target: &str) -> Option<String> {
    if let Ok(url) = Url::parse(target)
        && let Some(host) = url.host_str()
    {
        return Some(host.to_lowercase());
    }
    let word = target.split_whitespace().next()?;
    let host = word.rsplit_once(':').map_or(word, |(host, _)| host);
    (!host.is_empty()).then(|| host.to_lowercase())
}

/// The last two labels of a name; an address has no domain.
fn domain(host: &str) -> Option<&str> {
    if host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
        return None;
    }
    let (rest, top) = host.rsplit_once('.')?;
    let second = rest.rsplit_once('.').map_or(rest, |(_, second)| second);
    Some(&host[host.len() - second.len() - top.len() - 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{IncidentId, MonitorId};
    use crate::incident::{Ended, Ending};
    use crate::time::{MINUTE, Timestamp};

    fn group(outages: &[(&str, &str)]) -> Group {
        let mut group = Group::default();
        for (target, failure) in outages {
            let monitor = MonitorFacts {
                id: MonitorId::new([1; 13]),
                name: (*target).to_owned(),
                check: "http".to_owned(),
                target: (*target).to_owned(),
                notes: Notes::default(),
            };
            let incident = IncidentFacts {
                id: IncidentId::new([2; 13]),
                title: String::new(),
                failure: (*failure).to_owned(),
                reason: "It failed.".to_owned(),
                started_at: Timestamp(0),
                resolved_at: None,
                ended: None,
            };
            group.push(monitor, incident);
        }
        group
    }

    #[test]
    fn what_outages_have_in_common_is_named() {
        let cause = |outages: &[(&str, &str)]| group(outages).cause.unwrap_or_default();
        let one_host = [("https://a.example.org/x", "timeout"), ("a.example.org:5432", "http_status")];
        assert!(cause(&one_host).contains("on a.example.org"));
        let names = [("https://a.example.org/", "dns_error"), ("https://b.example.org/", "dns_error")];
        assert!(cause(&names).contains("under example.org") && cause(&names).contains("DNS"));
        let network = [("10.0.0.1:22", "timeout"), ("https://b.example.net/", "timeout")];
        assert!(cause(&network).contains("network in between"));
        assert_eq!(
            cause(&[("https://a.example.org/", "http_status"), ("https://b.example.net/", "timeout")]),
            ""
        );
        assert_eq!(cause(&[("https://a.example.org/", "timeout")]), "");
    }

    #[test]
    fn what_was_closed_is_not_told_as_up_again() {
        let mut group =
            group(&[("https://a.example.org/", "timeout"), ("https://b.example.org/", "timeout")]);
        for (_, incident) in &mut group.outages {
            incident.resolved_at = Some(Timestamp(2 * MINUTE));
        }
        group.cause = None;
        assert_eq!(group.headline(), "2 more monitors are up again");
        let lines = "https://a.example.org/: was down for 2 min\nhttps://b.example.org/: was down for 2 min";
        assert_eq!(group.text(), lines);
        group.outages[1].1.ended = Some(Ended { how: Ending::Paused, by: "Ada".to_owned() });
        assert_eq!(group.headline(), "2 more incidents are over");
        let lines = "https://a.example.org/: up again, was down for 2 min\nhttps://b.example.org/: no longer watched (paused by Ada)";
        assert_eq!(group.text(), lines);
    }

    #[test]
    fn a_storm_of_thousands_makes_a_message_of_bounded_size() {
        let many: Vec<_> = (0..5_000).map(|_| ("https://a.example.org/", "timeout")).collect();
        let group = group(&many);
        assert_eq!((group.outages.len(), group.count()), (MOST, 5_000));
        assert_eq!(group.headline(), "5000 more monitors are down");
        assert_eq!(group.text().lines().count(), LINES + 2);
        assert!(group.text().ends_with("… and 4950 more"));
    }
}
