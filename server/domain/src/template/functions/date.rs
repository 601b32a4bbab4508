//! Times: `@DateTime`, and how times of an alert are written.

use std::fmt::Write as _;

use jiff::{Span, civil, tz::TimeZone};

use super::{
    super::{nearest::nearest, output::Output},
    Trouble,
};
use crate::time::{MONTHS, Timestamp};

/// The offsets that have a name.
pub(in super::super) const OFFSETS: &[&str] = &[
    "FirstDayOfMonth",
    "LastDayOfMonth",
    "FirstDayOfPreviousMonth",
    "LastDayOfPreviousMonth",
    "FirstDayOfNextMonth",
    "LastDayOfNextMonth",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `YYYY-MM-DDTHH:MM:SS` in a zone, without a suffix for the zone (contracts.md, section 3.2).
pub fn iso(at: Timestamp, zone: &TimeZone) -> String {
    let time = civil_time(at, zone);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// `8/28/2020 12:23 PM` in a zone: the culture `en-US`, the only one so far.
pub fn culture(at: Timestamp, zone: &TimeZone) -> String {
    let time = civil_time(at, zone);
    let half = if time.hour() < 12 { "AM" } else { "PM" };
    let (month, day, year) = (time.month(), time.day(), time.year());
    format!("{month}/{day}/{year} {}:{:02} {half}", half_day_hour(&time), time.minute())
}

/// `@DateTime(format[,offset])`. The last argument is the offset when it is one; otherwise its comma belongs to the format.
///
/// A named offset moves the day and keeps the time of day.
pub(super) fn date_time(arguments: &[String], now: Timestamp) -> Result<String, Trouble> {
    let (format, time) = match arguments.split_last() {
        Some((last, rest @ [_, ..])) => match moved(last.trim(), now) {
            Some(time) => (rest.join(","), time),
            None => (arguments.join(","), civil_time(now, &TimeZone::UTC)),
        },
        _ => (arguments.concat(), civil_time(now, &TimeZone::UTC)),
    };
    match format.trim() {
        word if word.eq_ignore_ascii_case("iso") => Ok(written(&time, "yyyy-MM-ddTHH:mm:ss.fffffffZ")?),
        word if word.eq_ignore_ascii_case("unix") => {
            Ok(time.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second()).to_string())
        }
        "" => {
            Err(Trouble::Unusable("a format is missing, such as dd-MM-yyyy HH:mm, ISO or UNIX.".to_owned()))
        }
        _ => Ok(written(&time, &format)?),
    }
}

/// A sentence when a literal second argument looks like a misspelt offset: it would otherwise become part of the format.
pub(in super::super) fn doubtful_offset(text: &str) -> Option<String> {
    let text = text.trim();
    let known = OFFSETS.iter().any(|offset| offset.eq_ignore_ascii_case(text));
    if known || text.len() < 8 || !text.chars().all(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    nearest(text, OFFSETS.iter().copied())
        .map(|meant| format!("“{text}” is no offset; did you mean {meant}?"))
}

/// Now, moved by an offset; `None` when it is no offset.
fn moved(offset: &str, now: Timestamp) -> Option<civil::DateTime> {
    let time = civil_time(now, &TimeZone::UTC);
    if let Ok(seconds) = offset.parse::<i64>() {
        return Some(civil_time(
            Timestamp(now.0.saturating_add(seconds.saturating_mul(1_000))),
            &TimeZone::UTC,
        ));
    }
    let which = OFFSETS.iter().find(|known| known.eq_ignore_ascii_case(offset))?;
    let months = if which.contains("Previous") { -1 } else { i64::from(which.contains("Next")) };
    // From the first of the month, so that the 31st does not skip a month.
    let first = time.date().first_of_month().saturating_add(Span::new().months(months));
    let date = if which.starts_with("Last") { first.last_of_month() } else { first };
    Some(date.to_datetime(time.time()))
}

fn civil_time(at: Timestamp, zone: &TimeZone) -> civil::DateTime {
    let nearest = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).unwrap_or(nearest))
}

fn half_day_hour(time: &civil::DateTime) -> i8 {
    match time.hour() % 12 {
        0 => 12,
        hour => hour,
    }
}

/// Writes a .NET custom format (invariant culture). Letters that mean nothing there stay as they are, text in quotes and
/// characters behind a backslash too; a single letter is read as a custom format.
fn written(time: &civil::DateTime, format: &str) -> Result<String, super::Exceeded> {
    let mut out = Output::default();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(letter).len();
        let count = run / letter.len_utf8();
        match letter {
            '\'' | '"' => {
                let text = &rest[1..];
                let end = text.find(letter).unwrap_or(text.len());
                out.push_str(&text[..end])?;
                rest = text.get(end + 1..).unwrap_or_default();
                continue;
            }
            '\\' | '%' => {
                let text = &rest[1..];
                let next = text.chars().next().map_or(0, char::len_utf8);
                if letter == '\\' {
                    out.push_str(&text[..next])?;
                    rest = &text[next..];
                } else {
                    rest = text;
                }
                continue;
            }
            _ => {}
        }
        match field(time, letter, count) {
            Some(text) => out.push_str(&text)?,
            None => out.push_str(&rest[..run])?,
        }
        rest = &rest[run..];
    }
    Ok(out.into_text())
}

/// What a letter that is repeated `count` times stands for.
fn field(time: &civil::DateTime, letter: char, count: usize) -> Option<String> {
    let two = |value: i8| if count == 1 { value.to_string() } else { format!("{value:02}") };
    let name = |names: &[&str], one_based: i8| {
        let name =
            usize::try_from(one_based - 1).ok().and_then(|at| names.get(at)).copied().unwrap_or_default();
        (if count == 3 { &name[..3] } else { name }).to_owned()
    };
    Some(match letter {
        'd' if count < 3 => two(time.day()),
        'd' => name(&DAYS, time.weekday().to_monday_one_offset()),
        'M' if count < 3 => two(time.month()),
        'M' => name(&MONTHS, time.month()),
        'y' => match count {
            1 => (time.year() % 100).to_string(),
            2 => format!("{:02}", time.year() % 100),
            // More than four only adds zeros in front.
            _ => format!("{:0width$}", time.year(), width = count.min(7)),
        },
        'H' => two(time.hour()),
        'h' => two(half_day_hour(time)),
        'm' => two(time.minute()),
        's' => two(time.second()),
        't' => {
            let half = if time.hour() < 12 { "AM" } else { "PM" };
            half[..count.min(2)].to_owned()
        }
        'f' | 'F' => {
            let mut digits = String::new();
            // Writing to a String cannot fail.
            let _ = write!(digits, "{:09}", time.subsec_nanosecond());
            digits.truncate(count.min(7));
            (if letter == 'F' { digits.trim_end_matches('0') } else { &digits }).to_owned()
        }
        'g' => "A.D.".to_owned(),
        'K' => "Z".repeat(count),
        'z' => match count {
            1 => "+0".to_owned(),
            2 => "+00".to_owned(),
            _ => "+00:00".to_owned(),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2018-02-24T22:30:00Z, the moment of the documentation's examples.
    const NOW: Timestamp = Timestamp(1_519_511_400_000);

    fn at(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        date_time(&arguments, NOW).unwrap()
    }

    #[test]
    fn the_examples_of_the_documentation_come_out_as_there() {
        assert_eq!(at(&["dd-MM-yyyy HH:mm"]), "24-02-2018 22:30");
        assert_eq!(at(&["dd-MM-yyyy HH:mm", "-18000"]), "24-02-2018 17:30");
        assert_eq!(at(&["ISO"]), "2018-02-24T22:30:00.0000000Z");
        assert_eq!(at(&["Unix"]), "1519511400");
        assert_eq!(at(&["MM/dd/yyyy", "-86400"]), "02/23/2018");
        assert_eq!(at(&["MM/dd/yyyy", " +86400"]), "02/25/2018");
        assert_eq!(at(&["MM/dd/yyyy", "FirstDayOfMonth"]), "02/01/2018");
        assert_eq!(at(&["MM/dd/yyyy", "lastdayofmonth"]), "02/28/2018");
    }

    #[test]
    fn months_before_and_after_have_their_own_length() {
        assert_eq!(at(&["yyyy-MM-dd HH:mm", "FirstDayOfPreviousMonth"]), "2018-01-01 22:30");
        assert_eq!(at(&["yyyy-MM-dd", "LastDayOfPreviousMonth"]), "2018-01-31");
        assert_eq!(at(&["yyyy-MM-dd", "FirstDayOfNextMonth"]), "2018-03-01");
        assert_eq!(at(&["yyyy-MM-dd", "LastDayOfNextMonth"]), "2018-03-31");
        let leap_january = Timestamp(1_706_659_200_000);
        let arguments = ["yyyy-MM-dd".to_owned(), "LastDayOfNextMonth".to_owned()];
        assert_eq!(date_time(&arguments, leap_january).unwrap(), "2024-02-29");
    }

    #[test]
    fn every_letter_of_a_custom_format_is_understood() {
        assert_eq!(at(&["ddd dddd d, MMM MMMM M"]), "Sat Saturday 24, Feb February 2");
        assert_eq!(at(&["y yy yyy yyyy yyyyy"]), "18 18 2018 2018 02018");
        assert_eq!(at(&["h hh H HH m mm s ss t tt"]), "10 10 22 22 30 30 0 00 P PM");
        assert_eq!(at(&["ff FF K z zz zzz g"]), "00  Z +0 +00 +00:00 A.D.");
        assert_eq!(at(&[r#"'day' d "of" \M %M 'open"#]), "day 24 of M 2 open");
        assert_eq!(at(&["ddd", " dd MMM"]), "Sat, 24 Feb", "the comma belongs to the format");
        assert_eq!(at(&["yyyy年"]), "2018年");
    }

    #[test]
    fn far_times_are_held_at_the_ends_of_the_calendar() {
        for offset in [i64::MAX, i64::MIN] {
            assert_eq!(at(&["yyyy", &offset.to_string()]).len(), if offset > 0 { 4 } else { 5 });
        }
        assert!(date_time(&[" ".to_owned()], NOW).is_err());
    }

    #[test]
    fn a_misspelt_offset_is_noticed_and_a_format_is_not() {
        assert!(doubtful_offset("FirstDayOfMont").unwrap().contains("FirstDayOfMonth?"));
        for fine in ["FirstDayOfMonth", "yyyy", " dd MMM", "-3600", "MMMMyyyyHHmm"] {
            assert_eq!(doubtful_offset(fine), None, "{fine}");
        }
    }

    #[test]
    fn midnight_and_noon_are_twelve_for_people() {
        assert_eq!(culture(Timestamp(1_598_617_380_000), &TimeZone::UTC), "8/28/2020 12:23 PM");
        assert_eq!(culture(Timestamp(1_598_574_180_000), &TimeZone::UTC), "8/28/2020 12:23 AM");
    }
}
