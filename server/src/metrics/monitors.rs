//! Monitors under the names that boards for Uptime Kuma and for the blackbox exporter know. A paused monitor has no samples, as
//! with Kuma.

use domain::health::State;
use domain::time::{DAY, Timestamp};
use domain::views::console::MetricsRow;

use super::exposition::{Exposition, Kind, float};

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
const BLACKBOX: [Family; 4] = [
    ("probe_success", "Whether the last check succeeded.", |row, _| success(row.state)),
    ("probe_duration_seconds", "How long the last answer took.", |row, _| {
        row.latency_us.map(|us| float(us) / 1e6)
    }),
    ("probe_http_status_code", "The HTTP status of the last answer.", |row, _| row.status.map(f64::from)),
    ("probe_ssl_earliest_cert_expiry", "When the certificate ends, in seconds since 1970.", |row, _| {
        row.certificate_until.map(|until| float(until.0 / 1_000))
    }),
];

/// Writes every family with its samples.
pub(super) fn write(text: &mut Exposition, rows: &[MetricsRow], now: Timestamp) {
    let rows: Vec<&MetricsRow> = rows.iter().filter(|row| row.state != State::Paused).collect();
    families(text, &KUMA, &rows, now, |row| {
        vec![
            ("monitor_id", row.id.as_str()),
            ("monitor_name", &row.name),
            ("monitor_type", row.kind.as_str()),
            ("monitor_url", &row.target),
        ]
    });
    // The id tells apart two monitors of one target.
    families(text, &BLACKBOX, &rows, now, |row| {
        vec![("instance", row.target.as_str()), ("monitor_id", row.id.as_str()), ("monitor_name", &row.name)]
    });
}

fn families<'a>(
    text: &mut Exposition,
    families: &[Family],
    rows: &[&'a MetricsRow],
    now: Timestamp,
    labels: impl Fn(&'a MetricsRow) -> Vec<(&'static str, &'a str)>,
) {
    for (name, help, value) in families {
        text.family(name, Kind::Gauge, help);
        for &row in rows {
            if let Some(value) = value(row, now) {
                text.sample(name, &labels(row), value);
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
    use domain::check::CheckKind;
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
            status: Some(200),
            certificate_until: Some(Timestamp(now.0 + 10 * DAY + 1)),
        };
        let paused = MetricsRow { state: State::Paused, ..row.clone() };
        let mut text = Exposition::default();
        write(&mut text, &[row, paused], now);
        let text = text.finish();
        let id = "monitor_id=\"NM00000000000000000000\"";
        let kuma = format!(
            "{{{id},monitor_name=\"Shop \\\"EU\\\"\",monitor_type=\"http\",monitor_url=\"https://example.org\"}}"
        );
        let blackbox = format!("{{instance=\"https://example.org\",{id},monitor_name=\"Shop \\\"EU\\\"\"}}");
        for sample in [
            format!("monitor_status{kuma} 1\n"),
            format!("monitor_response_time{kuma} 84.21\n"),
            format!("monitor_cert_days_remaining{kuma} 10\n"),
            format!("monitor_cert_is_valid{kuma} 1\n"),
            format!("probe_success{blackbox} 1\n"),
            format!("probe_duration_seconds{blackbox} 0.08421\n"),
            format!("probe_http_status_code{blackbox} 200\n"),
            format!("probe_ssl_earliest_cert_expiry{blackbox} 1800864000\n"),
        ] {
            assert_eq!(text.matches(&sample).count(), 1, "{sample} in\n{text}");
        }
    }
}
