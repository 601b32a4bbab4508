//! Monitors under the names that boards for Uptime Kuma and for the blackbox exporter know. A paused monitor has no samples, as
//! with Kuma.

use domain::check::CheckKind;
use domain::health::State;
use domain::time::{DAY, Timestamp};
use domain::views::console::MetricsRow;
use url::Url;

use super::exposition::{Exposition, Kind, float};
use super::uptime::{Shares, WINDOWS};

/// A family: its name, its help, and the value of a monitor, if it has one.
type Family = (&'static str, &'static str, fn(&MetricsRow, Timestamp) -> Option<f64>);

/// Names and values as Uptime Kuma has them.
const KUMA: [Family; 4] = [
    ("monitor_status", "1 up, 0 down, 2 pending.", |row, _| kuma_status(row.state)),
    ("monitor_response_time", "The time of the last answer, in milliseconds.", |row, _| {
        row.latency_us.map(|us| float(us) / 1e3)
    }),
    ("monitor_cert_days_remaining", "Whole days until the certificate ends.", |row, now| {
        row.certificate_until.map(|until| float((until.0 - now.0).div_euclid(DAY)))
    }),
    ("monitor_cert_is_valid", "1 while the certificate has not ended.", |row, now| {
        row.certificate_until.map(|until| flag(until > now))
    }),
];

/// Names and values as the blackbox exporter has them.
const BLACKBOX: [Family; 5] = [
    ("probe_success", "Whether the last check succeeded.", |row, _| success(row.state)),
    ("probe_duration_seconds", "How long the last answer took.", |row, _| {
        row.latency_us.map(|us| float(us) / 1e6)
    }),
    ("probe_dns_lookup_time_seconds", "How long looking up the name took.", |row, _| {
        row.phases.dns_us.map(|us| float(us) / 1e6)
    }),
    ("probe_http_status_code", "The HTTP status of the last answer.", |row, _| row.status.map(f64::from)),
    ("probe_ssl_earliest_cert_expiry", "When the certificate ends, in seconds since 1970.", |row, _| {
        row.certificate_until.map(|until| float(until.0 / 1_000))
    }),
];

/// Writes every family with its samples.
pub(super) fn write(text: &mut Exposition, rows: &[MetricsRow], shares: &Shares, now: Timestamp) {
    let rows: Vec<&MetricsRow> = rows.iter().filter(|row| row.state != State::Paused).collect();
    families(text, &KUMA, &rows, now, kuma_labels);
    ratios(text, &rows, shares);
    families(text, &BLACKBOX, &rows, now, probe_labels);
    phases(text, &rows);
}

/// The share of each window in which a monitor worked.
fn ratios(text: &mut Exposition, rows: &[&MetricsRow], shares: &Shares) {
    let name = "monitor_uptime_ratio";
    text.family(name, Kind::Gauge, "The share of the time in which the monitor was up, from 0 to 1.");
    for &row in rows {
        let known = shares.get(&row.id).copied().unwrap_or_default();
        for ((_, window), share) in WINDOWS.into_iter().zip(known) {
            if let Some(share) = share {
                let mut labels = kuma_labels(row);
                labels.push(("window", window.to_owned()));
                write_sample(text, name, &labels, share);
            }
        }
    }
}

/// As Uptime Kuma names a monitor.
fn kuma_labels(row: &MetricsRow) -> Vec<(&'static str, String)> {
    let (host, port) = address(row);
    vec![
        ("monitor_id", row.id.to_string()),
        ("monitor_name", row.name.clone()),
        ("monitor_type", kuma_type(row.kind).to_owned()),
        ("monitor_url", row.target.clone()),
        ("monitor_hostname", host),
        ("monitor_port", port),
    ]
}

/// As the blackbox exporter names the target. The id tells apart two monitors of one target.
fn probe_labels(row: &MetricsRow) -> Vec<(&'static str, String)> {
    vec![
        ("instance", row.target.clone()),
        ("monitor_id", row.id.to_string()),
        ("monitor_name", row.name.clone()),
    ]
}

/// Where the time of an http check went, in the words of the blackbox exporter; redirects are added up, as there. A phase that
/// there was none of takes no time.
fn phases(text: &mut Exposition, rows: &[&MetricsRow]) {
    let name = "probe_http_duration_seconds";
    text.family(name, Kind::Gauge, "How long each phase of the last HTTP request took, redirects added up.");
    for row in rows.iter().filter(|row| row.kind == CheckKind::Http && row.latency_us.is_some()) {
        let spent = &row.phases;
        for (phase, spent_us) in [
            ("resolve", spent.dns_us),
            ("connect", spent.connect_us),
            ("tls", spent.tls_us),
            ("processing", spent.wait_us),
            ("transfer", spent.download_us),
        ] {
            let mut labels = probe_labels(row);
            labels.push(("phase", phase.to_owned()));
            write_sample(text, name, &labels, float(spent_us.unwrap_or(0)) / 1e6);
        }
    }
}

fn write_sample(text: &mut Exposition, name: &str, labels: &[(&'static str, String)], value: f64) {
    let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
    text.sample(name, &labels, value);
}

/// What Uptime Kuma calls the kinds that it has, too; the others keep our names.
fn kuma_type(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Tcp => "port",
        CheckKind::WebSocket => "websocket-upgrade",
        other => other.as_str(),
    }
}

/// Host and port of a target; what it has none of is `null`, as Uptime Kuma writes it.
fn address(row: &MetricsRow) -> (String, String) {
    let null = || "null".to_owned();
    let url = match row.kind {
        CheckKind::Http | CheckKind::WebSocket => Url::parse(&row.target).ok(),
        CheckKind::Tcp | CheckKind::Tls => Url::parse(&format!("tcp://{}", row.target)).ok(),
        CheckKind::Ping => return (row.target.clone(), null()),
        // The name, and after it the type of its records.
        CheckKind::Dns => return (row.target.split(' ').next().unwrap_or_default().to_owned(), null()),
        CheckKind::Push => None,
    };
    let Some(url) = url else { return (null(), null()) };
    let host = url.host_str().map_or_else(null, |host| host.trim_matches(['[', ']']).to_owned());
    (host, url.port_or_known_default().map_or_else(null, |port| port.to_string()))
}

fn families(
    text: &mut Exposition,
    families: &[Family],
    rows: &[&MetricsRow],
    now: Timestamp,
    labels: impl Fn(&MetricsRow) -> Vec<(&'static str, String)>,
) {
    for (name, help, value) in families {
        text.family(name, Kind::Gauge, help);
        for &row in rows {
            if let Some(value) = value(row, now) {
                write_sample(text, name, &labels(row), value);
            }
        }
    }
}

fn kuma_status(state: State) -> Option<f64> {
    match state {
        State::Up | State::Degraded => Some(1.0),
        State::Down => Some(0.0),
        State::Pending | State::Confirming | State::Unknown => Some(2.0),
        State::Paused => None,
    }
}

fn success(state: State) -> Option<f64> {
    match state {
        State::Up | State::Degraded => Some(1.0),
        State::Down | State::Confirming => Some(0.0),
        State::Pending | State::Unknown | State::Paused => None,
    }
}

fn flag(value: bool) -> f64 {
    f64::from(u8::from(value))
}

#[cfg(test)]
mod tests {
    use domain::check::Phases;
    use domain::id::MonitorId;

    use super::*;

    #[test]
    fn a_monitor_is_shown_under_the_names_that_boards_know() {
        let now = Timestamp(1_800_000_000_000);
        let row = MetricsRow {
            id: MonitorId::new([0; 13]),
            name: "Shop \"EU\"".to_owned(),
            kind: CheckKind::Http,
            target: "https://example.org".to_owned(),
            state: State::Degraded,
            latency_us: Some(84_210),
            phases: Phases {
                dns_us: Some(1_000),
                connect_us: Some(2_500),
                tls_us: None,
                wait_us: Some(70_000),
                download_us: Some(710),
            },
            status: Some(200),
            certificate_until: Some(Timestamp(now.0 + 10 * DAY + 1)),
        };
        let paused = MetricsRow { state: State::Paused, ..row.clone() };
        let port = MetricsRow {
            id: MonitorId::new([1; 13]),
            name: "Mail".to_owned(),
            kind: CheckKind::Tcp,
            target: "[2001:db8::1]:25".to_owned(),
            status: None,
            certificate_until: None,
            ..row.clone()
        };
        let silent = MetricsRow {
            id: MonitorId::new([2; 13]),
            name: "Job".to_owned(),
            kind: CheckKind::Push,
            target: "Job".to_owned(),
            latency_us: None,
            phases: Phases::default(),
            ..port.clone()
        };
        let mut text = Exposition::default();
        let shares = Shares::from([(row.id.clone(), [Some(0.75), None, Some(1.0)])]);
        write(&mut text, &[row, paused, port, silent], &shares, now);
        let text = text.finish();
        let id = "monitor_id=\"NM00000000000000000000\"";
        let kuma = format!(
            "{{{id},monitor_name=\"Shop \\\"EU\\\"\",monitor_type=\"http\",monitor_url=\"https://example.org\",\
             monitor_hostname=\"example.org\",monitor_port=\"443\"}}"
        );
        let blackbox = format!("{{instance=\"https://example.org\",{id},monitor_name=\"Shop \\\"EU\\\"\"}}");
        let phase = |phase: &str| format!("{},phase=\"{phase}\"}}", blackbox.trim_end_matches('}'));
        for sample in [
            format!("monitor_status{kuma} 1\n"),
            format!("monitor_response_time{kuma} 84.21\n"),
            format!("monitor_cert_days_remaining{kuma} 10\n"),
            format!("monitor_cert_is_valid{kuma} 1\n"),
            format!("probe_success{blackbox} 1\n"),
            format!("probe_duration_seconds{blackbox} 0.08421\n"),
            format!("probe_http_status_code{blackbox} 200\n"),
            format!("probe_dns_lookup_time_seconds{blackbox} 0.001\n"),
            format!("probe_http_duration_seconds{} 0.001\n", phase("resolve")),
            format!("probe_http_duration_seconds{} 0.0025\n", phase("connect")),
            format!("probe_http_duration_seconds{} 0\n", phase("tls")),
            format!("probe_http_duration_seconds{} 0.07\n", phase("processing")),
            format!("probe_http_duration_seconds{} 0.00071\n", phase("transfer")),
            "monitor_type=\"port\",monitor_url=\"[2001:db8::1]:25\",monitor_hostname=\"2001:db8::1\",monitor_port=\"25\"} 1\n"
                .to_owned() + "monitor_status",
            "monitor_type=\"push\",monitor_url=\"Job\",monitor_hostname=\"null\",monitor_port=\"null\"} 1\n".to_owned(),
            "monitor_port=\"443\",window=\"1d\"} 0.75\n".to_owned(),
            "monitor_port=\"443\",window=\"365d\"} 1\n".to_owned(),
            format!("probe_ssl_earliest_cert_expiry{blackbox} 1800864000\n"),
        ] {
            assert_eq!(text.matches(&sample).count(), 1, "{sample} in\n{text}");
        }
        assert_eq!(
            text.matches("\nprobe_http_duration_seconds{").count(),
            5,
            "of http monitors only:\n{text}"
        );
    }
}
