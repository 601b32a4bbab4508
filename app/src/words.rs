//! Words for people: durations, percentages, dates and states. Pure text, the same on the server and in the browser, so it
//! reads neither a clock nor a time zone: times are in UTC and say so.

use domain::status_page::ComponentState;
use domain::time::{DAY, HOUR, MINUTE, MONTHS, SECOND, Timestamp, civil_from_days};

/// What stands where a figure is not known.
pub const NOTHING: &str = "–";

/// A share from 0 to 1 in per cent, with two digits and cut rather than rounded: what was ever down is never "100 %".
pub fn percent(share: Option<f64>) -> String {
    let Some(share) = share.filter(|share| share.is_finite()) else {
        return NOTHING.to_owned();
    };
    // The small addition keeps 0.9998 from becoming 99.97 by the way binary fractions are stored.
    let hundredths = (share.clamp(0.0, 1.0) * 10_000.0 + 1e-6).floor();
    let text = format!("{:.2}", hundredths / 100.0);
    format!("{} %", text.strip_suffix(".00").unwrap_or(&text))
}

/// A response time, given in microseconds: `<0.1 ms`, `0.8 ms`, `84 ms`, `1240 ms`, `12.3 s`.
pub fn latency(micros: i64) -> String {
    match micros.max(0) {
        // Something that answers took some time, however little.
        ..100 => "<0.1 ms".to_owned(),
        micros @ ..1_000 => format!("0.{} ms", micros / 100),
        micros @ ..10_000_000 => format!("{} ms", (micros + 500) / 1_000),
        micros => format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
    }
}

/// A number of bytes: `512 B`, `1.4 kB`, `38.2 MB`.
pub fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut tenths, mut unit) = (count.max(0).saturating_mul(10), 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    if unit == 0 {
        format!("{} B", tenths / 10)
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// A reason as a sentence. Reasons are kept as they came, such as "no answer (connection refused)"; one that begins with a name
/// or an address keeps its first letter.
pub fn sentence(reason: &str) -> String {
    let reason = reason.trim();
    let first = reason.split(' ').next().unwrap_or_default().trim_end_matches([',', ':']);
    let is_word = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_lowercase());
    let mut text = String::with_capacity(reason.len() + 1);
    for (place, character) in reason.chars().enumerate() {
        text.push(if place == 0 && is_word { character.to_ascii_uppercase() } else { character });
    }
    if !text.is_empty() && !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

/// A number and its noun: `1 incident`, `2 incidents`. Only for nouns whose plural ends in s.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A stretch of milliseconds in its two largest units: `45 s`, `34 min`, `2 h 10 min`, `3 d 5 h`.
pub fn duration(millis: i64) -> String {
    let two = |large: i64, large_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match millis.max(0) {
        millis @ ..SECOND => format!("{millis} ms"),
        millis @ SECOND..MINUTE => format!("{} s", millis / SECOND),
        millis @ MINUTE..HOUR => format!("{} min", millis / MINUTE),
        millis @ HOUR..DAY => two(millis / HOUR, "h", millis / MINUTE % 60, "min"),
        millis => two(millis / DAY, "d", millis / HOUR % 24, "h"),
    }
}

/// How long ago `then` was at `now`: `just now`, `3 s ago`, `2 h 10 min ago`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    match now.since(then) {
        ..2_000 => "just now".to_owned(),
        millis => format!("{} ago", duration(millis)),
    }
}

/// How long it is from `now` until `then`: `now`, `in 40 s`, `in 8 min`.
pub fn until(then: Timestamp, now: Timestamp) -> String {
    match then.since(now) {
        ..1_000 => "now".to_owned(),
        millis => format!("in {}", duration(millis)),
    }
}

/// The date of a time, in UTC: `21 November 2026`.
pub fn date(at: Timestamp) -> String {
    let (year, month, day) = civil_from_days(at.0.div_euclid(DAY));
    format!("{day} {} {year}", MONTHS[usize::from(month).saturating_sub(1) % 12])
}

/// The clock of a time, in UTC: `11:18 UTC`.
pub fn clock(at: Timestamp) -> String {
    let of_day = at.0.rem_euclid(DAY);
    format!("{:02}:{:02} UTC", of_day / HOUR, of_day / MINUTE % 60)
}

/// Day and clock of a time, in UTC: `21 Nov, 11:18 UTC`.
pub fn day_and_clock(at: Timestamp) -> String {
    let (_, month, day) = civil_from_days(at.0.div_euclid(DAY));
    format!("{day} {}, {}", &MONTHS[usize::from(month).saturating_sub(1) % 12][..3], clock(at))
}

/// Day and clock of a time, in UTC, with the year when it is not the one of `now`: `21 Nov 2025, 11:18 UTC`.
pub fn day_and_clock_seen_at(at: Timestamp, now: Timestamp) -> String {
    let year = |at: Timestamp| civil_from_days(at.0.div_euclid(DAY)).0;
    let text = day_and_clock(at);
    match text.split_once(',') {
        Some((day, clock)) if year(at) != year(now) => format!("{day} {},{clock}", year(at)),
        _ => text,
    }
}

/// What a `datetime` attribute says: RFC 3339 in UTC, whole seconds.
pub fn machine_time(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// A date written `YYYY-MM-DD` as people write it: `21 November 2026`. What is no date stays as it is.
pub fn calendar_date(iso: &str) -> String {
    match iso.rsplit_once('-') {
        Some((month, day)) if day.parse::<u8>().is_ok() => {
            format!("{} {}", day.trim_start_matches('0'), calendar_month(month))
        }
        _ => iso.to_owned(),
    }
}

/// A month written `YYYY-MM` as people write it: `November 2026`. What is no month stays as it is.
pub fn calendar_month(iso: &str) -> String {
    iso.split_once('-')
        .and_then(|(year, month)| {
            let index = month.parse::<usize>().ok()?.checked_sub(1)?;
            Some(format!("{} {year}", MONTHS.get(index)?))
        })
        .unwrap_or_else(|| iso.to_owned())
}

/// The word for a component's state in style sheets (`data-state`) and in the names of icons (`st-…`).
pub fn tone(state: ComponentState) -> &'static str {
    match state {
        ComponentState::NoData => "unknown",
        ComponentState::Operational => "operational",
        ComponentState::UnderMaintenance => "maintenance",
        ComponentState::DegradedPerformance => "degraded",
        ComponentState::PartialOutage => "partial",
        ComponentState::MajorOutage => "major",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_becomes_a_sentence() {
        for (reason, text) in [
            ("no answer (connection refused)", "No answer (connection refused)."),
            ("HTTP 404: gone: check the address.", "HTTP 404: gone: check the address."),
            ("mail.from is “x”, which is no address", "mail.from is “x”, which is no address."),
            (
                "db.example.org could not be resolved in time ",
                "db.example.org could not be resolved in time.",
            ),
            ("[::1]:22 showed no host key", "[::1]:22 showed no host key."),
            ("the mail server said: why?", "The mail server said: why?"),
            ("", ""),
        ] {
            assert_eq!(sentence(reason), text);
        }
    }

    #[test]
    fn what_was_ever_down_is_never_a_hundred_per_cent() {
        assert_eq!(percent(Some(1.0)), "100 %");
        assert_eq!(percent(Some(0.999_999)), "99.99 %");
        assert_eq!(percent(Some(0.9998)), "99.98 %");
        assert_eq!(percent(Some(0.5)), "50 %");
        assert_eq!(percent(Some(0.0)), "0 %");
        assert_eq!(percent(None), NOTHING);
        assert_eq!(percent(Some(f64::NAN)), NOTHING);
    }

    #[test]
    fn response_times_keep_a_readable_number_of_digits() {
        assert_eq!(latency(60), "<0.1 ms");
        assert_eq!(latency(840), "0.8 ms");
        assert_eq!(latency(83_600), "84 ms");
        assert_eq!(latency(1_240_000), "1240 ms");
        assert_eq!(latency(12_345_678), "12.3 s");
    }

    #[test]
    fn durations_use_two_units_at_most() {
        assert_eq!(duration(300), "300 ms");
        assert_eq!(duration(45 * SECOND), "45 s");
        assert_eq!(duration(34 * MINUTE + SECOND), "34 min");
        assert_eq!(duration(130 * MINUTE), "2 h 10 min");
        assert_eq!(duration(3 * DAY), "3 d");
        assert_eq!(duration(77 * HOUR), "3 d 5 h");
        assert_eq!(ago(Timestamp(0), Timestamp(1_999)), "just now");
        assert_eq!(ago(Timestamp(0), Timestamp(3_000)), "3 s ago");
        assert_eq!(until(Timestamp(8 * MINUTE), Timestamp(0)), "in 8 min");
        assert_eq!(until(Timestamp(0), Timestamp(5)), "now");
    }

    #[test]
    fn times_are_written_in_utc_and_say_so() {
        let at = Timestamp(1_795_259_880_000);
        assert_eq!(machine_time(at), "2026-11-21T11:18:00Z");
        assert_eq!(day_and_clock(at), "21 Nov, 11:18 UTC");
        assert_eq!(day_and_clock_seen_at(at, Timestamp(at.0 + 30 * DAY)), "21 Nov, 11:18 UTC");
        assert_eq!(day_and_clock_seen_at(at, Timestamp(at.0 + 50 * DAY)), "21 Nov 2026, 11:18 UTC");
        assert_eq!(date(at), "21 November 2026");
        assert_eq!(clock(Timestamp(-1)), "23:59 UTC");
    }

    #[test]
    fn calendar_dates_are_written_as_people_do() {
        assert_eq!(calendar_date("2026-11-08"), "8 November 2026");
        assert_eq!(calendar_month("2026-01"), "January 2026");
        assert_eq!(calendar_date("soon"), "soon");
        assert_eq!(calendar_month("2026-13"), "2026-13");
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1_449), "1.4 kB");
        assert_eq!(bytes(38_249_000), "38.2 MB");
    }
}
