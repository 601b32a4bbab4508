//! How long the other side asks to wait (RFC 9110, 10.2.3).

use std::time::{Duration, UNIX_EPOCH};

use domain::time::Timestamp;

/// The longest pause that an answer may ask for: a day.
pub(crate) const MAX_PAUSE: Duration = Duration::from_hours(24);

/// The pause that the value of a header asks for: seconds, or a date. A date is compared with what the clock of the other side shows
/// (`shown`, the header `Date`), or with `now` when it does not say. One that has passed asks for nothing, and so does less than
/// a millisecond.
pub(crate) fn asked(value: &str, shown: Option<&str>, now: Timestamp) -> Option<Duration> {
    let pause = if let Ok(seconds) = value.trim().parse::<f64>() {
        Duration::try_from_secs_f64(seconds).ok()?
    } else {
        let pause = date(value)?.since(shown.and_then(date).unwrap_or(now));
        Duration::from_millis(u64::try_from(pause).ok().filter(|pause| *pause > 0)?)
    };
    Some(pause.min(MAX_PAUSE)).filter(|pause| pause.as_millis() > 0)
}

/// A date of HTTP in any of its three forms (RFC 9110, 5.6.7).
fn date(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text.trim()).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_however_it_is_written() {
        // 1994-11-06T08:49:00Z.
        let after = |value: &str| asked(value, None, Timestamp(784_111_740_000));
        // How it is written today, and the two ways in which it was.
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(after(date), Some(Duration::from_secs(37)), "{date}");
        }
        for nothing in [
            "Sun, 06 Nov 1994 08:49:00 GMT",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "tomorrow",
            "",
            "inf",
            "-1",
            "0",
            "0.0",
        ] {
            assert_eq!(after(nothing), None, "{nothing}");
        }
    }
}
